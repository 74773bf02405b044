package ship_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"ams/pkg/assemble"
	"ams/pkg/price"
	"ams/pkg/recorded"
	"ams/pkg/redact"
	"ams/pkg/schema"
	"ams/pkg/ship"
	"ams/pkg/upload"
)

// A program of one's own assembles a session from the client's transcript and stores it in a folder.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "ams-example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	const id = "6f2b1c1e-0000-4000-8000-000000000001"
	project := filepath.Join(dir, "claude", "projects", "-work")
	if err := os.MkdirAll(project, 0o700); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(project, id+".jsonl"), []byte(promptLine(id, "What is in here?")), 0o600); err != nil {
		log.Fatal(err)
	}

	prices, err := price.Embedded()
	if err != nil {
		log.Fatal(err)
	}
	source := recorded.Open(recorded.Options{
		SpoolDir: filepath.Join(dir, "spool"), ClaudeDir: filepath.Join(dir, "claude"),
		Join: assemble.Settings{ProgramVersion: "mine 1.0", Prices: prices}, Idle: 30 * time.Minute, Now: time.Now,
	})
	session, err := source.Reader().Find(id)
	if err != nil {
		log.Fatal(err)
	}
	shipper := ship.New(ship.Options{
		Source: source, Store: upload.NewLocal(filepath.Join(dir, "store")), Mask: redact.Rules{Secrets: true},
	})
	result, err := shipper.Store(ctx, session)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Key)
	for _, e := range result.Session.Session.Events {
		if e.Type == schema.UserPrompt {
			fmt.Println(e.Prompt)
		}
	}
	// Output:
	// sessions/2026/11/22/6f2b1c1e-0000-4000-8000-000000000001.json
	// What is in here?
}
