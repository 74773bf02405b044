package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ams/pkg/assemble"
	"ams/pkg/price"
	"ams/pkg/schema"
	"ams/pkg/spool"
	"ams/pkg/upload"
)

// settings are the common settings, checked.
type settings struct {
	spoolDir  string
	claudeDir string
	localDir  string
	idle      time.Duration
	now       bool
	join      assemble.Settings
}

// commonFlags are the settings that every command takes. Each flag's environment variable sets that flag. The library would refuse
// AMS_X=yes for a boolean, so those are read as text.
func commonFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "spool-dir", EnvVars: []string{"AMS_SPOOL_DIR"}, Usage: "`DIR` where ams-hook records (default ~/.local/state/ams/spool)"},
		&cli.StringFlag{Name: "claude-dir", EnvVars: []string{"CLAUDE_CONFIG_DIR"}, Usage: "`DIR` below which a transcript is searched whose recorded path is gone (default ~/.claude)"},
		&cli.StringFlag{Name: "storage", EnvVars: []string{"AMS_STORAGE"}, Usage: "`KIND` of storage: local"},
		&cli.StringFlag{Name: "local-dir", EnvVars: []string{"AMS_LOCAL_DIR"}, Usage: "`DIR` of the local store (default ~/.local/share/ams)"},
		&cli.StringFlag{Name: "capture-thinking", EnvVars: []string{"AMS_CAPTURE_THINKING"}, Usage: "keep the model's thinking: `yes` or no (default yes)"},
		&cli.StringFlag{Name: "prices", EnvVars: []string{"AMS_PRICES"}, Usage: "`FILE` with prices of your own (default ~/.config/ams/prices.json)"},
		&cli.StringFlag{Name: "status", EnvVars: []string{"AMS_STATUS"}, Usage: "`STATUS` to give the sessions instead of what their events say: ok, error or running"},
		&cli.DurationFlag{Name: "idle", Value: 30 * time.Minute, Usage: "a session without an end is over when nothing has happened for `DURATION`"},
		&cli.BoolFlag{Name: "now", Usage: "take every session as over: the last step of a CI job or container"},
	}
}

// joinSettings are the settings of the join where nothing is set but the prices.
func joinSettings(prices *price.Table) assemble.Settings {
	return assemble.Settings{ProgramVersion: version(), Prices: prices}
}

// readSettings checks the common settings.
func readSettings(e env, c *cli.Context) (settings, error) {
	s := settings{claudeDir: c.String("claude-dir"), localDir: c.String("local-dir"), idle: c.Duration("idle"), now: c.Bool("now")}
	var err error
	if s.spoolDir, err = spool.Dir(c.String("spool-dir"), e.getenv); err != nil {
		return s, err
	}
	if c.IsSet("spool-dir") && e.getenv("AMS_SPOOL_DIR") != c.String("spool-dir") {
		// Named by hand: relative to where the person is, not to the home folder as in a settings file.
		if s.spoolDir, err = filepath.Abs(c.String("spool-dir")); err != nil {
			return s, fmt.Errorf("--spool-dir: %w", err)
		}
	}
	home := homeDir(e)
	if s.claudeDir == "" {
		s.claudeDir = filepath.Join(home, ".claude")
	}
	if s.localDir == "" {
		s.localDir = filepath.Join(home, ".local", "share", "ams")
	}
	if s.idle <= 0 {
		return s, usagef("--idle must be longer than 0")
	}
	switch kind := c.String("storage"); {
	case kind == "local":
	case kind == "" && e.getenv("AMS_S3_BUCKET") == "":
	case kind == "s3" || kind == "":
		return s, &exitError{exitUsage, &hintError{
			err: fmt.Errorf("this version stores on local disk only"), hint: "set AMS_STORAGE=local, or unset AMS_S3_BUCKET"}}
	default:
		return s, usagef("--storage must be local, not %q", kind)
	}
	thinking, err := parseBool("--capture-thinking", c.String("capture-thinking"), true)
	if err != nil {
		return s, err
	}
	prices, err := readPrices(e, c.String("prices"))
	if err != nil {
		return s, err
	}
	s.join = joinSettings(prices)
	s.join.DropThinking = !thinking
	switch status := schema.Status(c.String("status")); status {
	case "", schema.OK, schema.Failed, schema.Running:
		s.join.Status = status
	default:
		return s, usagef("--status must be ok, error or running, not %q", status)
	}
	return s, nil
}

// parseBool reads what the original reads as true (1, true, yes, in any case), and their opposites.
func parseBool(name, value string, absent bool) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "":
		return absent, nil
	case "1", "true", "yes", "on":
		return true, nil
	case "0", "false", "no", "off":
		return false, nil
	}
	return false, usagef("%s must be yes or no, not %q", name, value)
}

func homeDir(e env) string {
	if h := e.getenv("HOME"); h != "" {
		return h
	}
	if h, err := os.UserHomeDir(); err == nil {
		return h
	}
	return "."
}

// fingerprint is a hash of the settings that change a Session's bytes.
func (s settings) fingerprint() string {
	b, err := json.Marshal([]any{s.join.DropThinking, s.join.Status, s.join.Prices.Models(), s.join.Prices.Date()})
	if err != nil {
		return "" // the values above always have a form
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// receiptsPath is the file of receipts of the store in use, beside the spools.
func (s settings) receiptsPath() string {
	abs, err := filepath.Abs(s.localDir)
	if err != nil {
		abs = s.localDir
	}
	sum := sha256.Sum256([]byte("local\x00" + abs))
	return filepath.Join(s.spoolDir, ".receipts", hex.EncodeToString(sum[:8])+".db")
}

func (s settings) store() upload.Store { return upload.NewLocal(s.localDir) }
