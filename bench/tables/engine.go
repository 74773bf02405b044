package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"

	"ams/pkg/table"
)

// engine is a program that runs the SQL of its standard input and prints a line of JSON for each statement, as those in .ci do.
type engine struct {
	name    table.Engine
	command []string
	place   table.Place
}

// answer is what a statement came to. Values are texts, nil for null.
type answer struct {
	Columns []string    `json:"columns"`
	Rows    [][]*string `json:"rows"`
	MS      int64       `json:"ms"`
}

// ask runs statements after the views, and returns the answers to them.
func (e engine) ask(ctx context.Context, statements ...string) ([]answer, error) {
	views, err := table.Views(e.name, e.place)
	if err != nil {
		return nil, err
	}
	return e.run(ctx, views, statements)
}

func (e engine) run(ctx context.Context, before string, statements []string) ([]answer, error) {
	cmd := exec.CommandContext(ctx, e.command[0], e.command[1:]...)
	cmd.Stdin = strings.NewReader(before + "\n" + strings.Join(statements, ";\n") + ";\n")
	var out, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &talk
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w: %.2000s", e.name, err, talk.String())
	}
	var answers []answer
	for d := json.NewDecoder(&out); ; {
		var a answer
		err := d.Decode(&a)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.name, err)
		}
		answers = append(answers, a)
	}
	if len(answers) < len(statements) {
		return nil, fmt.Errorf("%s: %d answers to %d statements", e.name, len(answers), len(statements))
	}
	return answers[len(answers)-len(statements):], nil
}
