package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ams/pkg/assemble"
	"ams/pkg/install"
	"ams/pkg/price"
	"ams/pkg/program"
	"ams/pkg/receipt"
	"ams/pkg/recorded"
	"ams/pkg/redact"
	"ams/pkg/safefile"
	"ams/pkg/schema"
	"ams/pkg/ship"
	"ams/pkg/spool"
	"ams/pkg/upload"
)

// settings are the common settings, checked.
type settings struct {
	spoolDir  string
	refused   error // why hooks do not use the folder that was set, and so record into spoolDir
	claudeDir string
	localDir  string
	s3        *upload.S3Options // nil: no bucket
	command   program.Command   // that keeps what is stored; nil and no s3: the local store
	idle      time.Duration
	now       bool
	join      assemble.Settings
	redact    redact.Rules
	keepRaw   ship.Raw
	tables    tablesMode
}

// The groups of the common flags, as help shows them.
const (
	recordGroup = "What was recorded"
	joinGroup   = "Assembling"
	priceGroup  = "Prices"
	maskGroup   = "What is kept and masked"
	storeGroup  = "The store"
)

// commonFlags are the settings that every command takes. Help shows the groups that matter to a command; the others
// do nothing there, and are taken all the same, so that what works before one command works before the next. Each
// flag's environment variable sets that flag. The library would refuse AMS_X=yes for a boolean, so those are read as text.
func commonFlags(shown ...string) []cli.Flag {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "spool-dir", Category: recordGroup, EnvVars: []string{"AMS_SPOOL_DIR"},
			Usage: "`DIR` where ams-hook records (default ~/.local/state/ams/spool)"},
		&cli.StringFlag{Name: "claude-dir", Category: recordGroup, EnvVars: []string{"CLAUDE_CONFIG_DIR"},
			Usage: "`DIR` below which a transcript is searched whose recorded path is gone (default ~/.claude)"},
		&cli.StringFlag{Name: "storage", Category: storeGroup, EnvVars: []string{"AMS_STORAGE"},
			Usage: "`KIND` of storage: local, s3 or exec (default s3 where a bucket is set, exec where a command is, else local)"},
		&cli.StringFlag{Name: "local-dir", Category: storeGroup, EnvVars: []string{"AMS_LOCAL_DIR"},
			Usage: "`DIR` of the local store (default ~/.local/share/ams)"},
		// No EnvVars: see programSetting.
		&cli.StringFlag{Name: "store-command", Category: storeGroup,
			Usage: "`COMMAND` that keeps what is stored; of the env file, not of the environment: AMS_STORE_COMMAND"},
		&cli.StringFlag{Name: "s3-bucket", Category: storeGroup, EnvVars: []string{"AMS_S3_BUCKET"},
			Usage: "`BUCKET` of S3 or a server like it; credentials as in the AWS tools"},
		&cli.StringFlag{Name: "s3-prefix", Category: storeGroup, EnvVars: []string{"AMS_S3_PREFIX"}, Value: "ams",
			Usage: "`PREFIX` of all keys in the bucket"},
		&cli.StringFlag{Name: "s3-endpoint-url", Category: storeGroup, EnvVars: []string{"AMS_S3_ENDPOINT_URL"},
			Usage: "`URL` of the server, where it is not AWS"},
		&cli.StringFlag{Name: "s3-region", Category: storeGroup, EnvVars: []string{"AMS_S3_REGION", "AWS_REGION"},
			Usage: "`REGION` of the bucket"},
		&cli.StringFlag{Name: "s3-sse", Category: storeGroup, EnvVars: []string{"AMS_S3_SSE"},
			Usage: "ask the server to encrypt: `KIND` AES256 or aws:kms"},
		&cli.StringFlag{Name: "s3-kms-key-id", Category: storeGroup, EnvVars: []string{"AMS_S3_KMS_KEY_ID"},
			Usage: "`KEY` for aws:kms (default: the bucket's)"},
		&cli.StringFlag{Name: "tables", Category: storeGroup, EnvVars: []string{"AMS_TABLES"},
			Usage: "write sessions as Parquet files for query engines, too: `yes`, no, or alone where the store has no conditional writes and no other machine writes there (default yes)"},
		&cli.StringFlag{Name: "capture-thinking", Category: maskGroup, EnvVars: []string{"AMS_CAPTURE_THINKING"},
			Usage: "keep the model's thinking: `yes` or no (default yes)"},
		&cli.StringFlag{Name: "redact", Category: maskGroup, EnvVars: []string{"AMS_REDACT"},
			Usage: "mask personal data (e-mail, phone, card, social security number): `yes` or no (default no)"},
		&cli.StringFlag{Name: "redact-secrets", Category: maskGroup, EnvVars: []string{"AMS_REDACT_SECRETS"},
			Usage: "mask keys, tokens and passwords: `yes` or no (default yes)"},
		&cli.StringFlag{Name: "redact-rules", Category: maskGroup, EnvVars: []string{"AMS_REDACT_RULES"},
			Usage: "`FILE` with patterns of your own to mask"},
		&cli.StringFlag{Name: "keep-raw", Category: maskGroup, EnvVars: []string{"AMS_KEEP_RAW"},
			Usage: "store the raw material of finished sessions too, redacted: `yes` or no (default no)"},
		&cli.StringFlag{Name: "keep-raw-unredacted", Category: maskGroup, EnvVars: []string{"AMS_KEEP_RAW_UNREDACTED"},
			Usage: "with --keep-raw: leave the raw material as it is: `yes` or no (default no)"},
		&cli.StringFlag{Name: "prices", Category: priceGroup, EnvVars: []string{"AMS_PRICES"},
			Usage: "`FILE` with prices of your own (default ~/.config/ams/prices.json)"},
		&cli.StringFlag{Name: "status", Category: joinGroup, EnvVars: []string{"AMS_STATUS"},
			Usage: "`STATUS` to give the sessions instead of what their events say: ok, error or running"},
		&cli.DurationFlag{Name: "idle", Category: joinGroup, Value: 30 * time.Minute,
			Usage: "a session without an end is over when nothing has happened for `DURATION`"},
		&cli.BoolFlag{Name: "now", Category: joinGroup,
			Usage: "take every session as over: the last step of a CI job or container"},
	}
	for _, f := range flags {
		hidden := !slices.Contains(shown, f.(cli.CategorizableFlag).GetCategory())
		switch f := f.(type) {
		case *cli.StringFlag:
			f.Hidden = hidden
		case *cli.DurationFlag:
			f.Hidden = hidden
		case *cli.BoolFlag:
			f.Hidden = hidden
		}
	}
	return flags
}

// allCommonFlags are those of a command to which all matter.
func allCommonFlags() []cli.Flag {
	return commonFlags(recordGroup, joinGroup, priceGroup, maskGroup, storeGroup)
}

// joinSettings are the settings of the join where nothing is set but the prices.
func joinSettings(prices *price.Table) assemble.Settings {
	return assemble.Settings{ProgramVersion: version(), Prices: prices}
}

// readSettings checks the common settings.
func readSettings(e env, c *cli.Context) (settings, error) {
	if e.envErr != nil {
		return settings{}, e.envErr
	}
	s := settings{claudeDir: c.String("claude-dir"), localDir: c.String("local-dir"), idle: c.Duration("idle"), now: c.Bool("now")}
	var err error
	if err = s.readSpoolDir(e, c.String("spool-dir")); err != nil {
		return s, err
	}
	if c.IsSet("spool-dir") && e.getenv("AMS_SPOOL_DIR") != c.String("spool-dir") {
		// Named by hand: relative to where the person is, not to the home folder as in a settings file.
		s.refused = nil
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
	if err := s.readStore(e, c); err != nil {
		return s, err
	}
	if err := s.readPrivacy(c); err != nil {
		return s, err
	}
	if s.tables, err = readTables(c.String("tables")); err != nil {
		return s, err
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
	named, _ := c.Value("status").(string) // a list where it is a filter
	switch status := schema.Status(named); status {
	case "", schema.OK, schema.Failed, schema.Running:
		s.join.Status = status
	default:
		return s, usagef("--status must be ok, error or running, not %q", status)
	}
	return s, nil
}

// readSpoolDir finds the folder that hooks record into. Root, who assembles for others, reads the one that was set.
func (s *settings) readSpoolDir(e env, setting string) error {
	place, err := spool.PlaceFor(setting, e.getenv)
	if err != nil {
		return err
	}
	s.spoolDir, s.refused = place.Dir, place.Refused
	if errors.Is(place.Refused, spool.ErrForeign) && os.Geteuid() == 0 {
		s.refused = nil
		s.spoolDir, err = spool.Dir(setting, e.getenv)
	}
	return err
}

// readPrivacy says what is masked before anything is stored, and whether raw material is.
func (s *settings) readPrivacy(c *cli.Context) error {
	var keep, plain bool
	for _, b := range []struct {
		name   string
		absent bool
		value  *bool
	}{
		{"redact", false, &s.redact.Personal}, {"redact-secrets", true, &s.redact.Secrets},
		{"keep-raw", false, &keep}, {"keep-raw-unredacted", false, &plain},
	} {
		var err error
		if *b.value, err = parseBool("--"+b.name, c.String(b.name), b.absent); err != nil {
			return err
		}
	}
	switch {
	case plain && !keep:
		return usagef("--keep-raw-unredacted goes with --keep-raw")
	case plain:
		s.keepRaw = ship.UnmaskedRaw
	case keep:
		s.keepRaw = ship.MaskedRaw
	}
	path := c.String("redact-rules")
	if path == "" {
		return nil
	}
	b, err := safefile.ReadSmall(path)
	if err != nil {
		return fmt.Errorf("--redact-rules: %w", err)
	}
	if s.redact.Custom, err = redact.ParseRules(b); err != nil {
		return usagef("--redact-rules %s: %w", path, err)
	}
	return nil
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

// programSetting is a setting that names a program to run, as the words of its command line; nil for none. See programLine.
func programSetting(e env, c *cli.Context, flag, variable string) (program.Command, error) {
	line, from, dir, err := programLine(e, c, flag, variable)
	if err != nil {
		return nil, err
	}
	command, err := program.Parse(line)
	switch {
	case err != nil:
		return nil, usagef("%s: %w", from, err)
	case len(command) > 0 && strings.ContainsRune(filepath.ToSlash(command[0]), '/') && !filepath.IsAbs(command[0]):
		command[0] = filepath.Join(dir, command[0]) // cron starts elsewhere
	}
	return command, nil
}

// shellSetting is such a setting that is a line of shell. Where there is no /bin/sh its words are a command.
func shellSetting(e env, c *cli.Context, flag, variable string) (program.Command, error) {
	if runtime.GOOS == "windows" {
		return programSetting(e, c, flag, variable)
	}
	line, _, _, err := programLine(e, c, flag, variable)
	if err != nil || strings.TrimSpace(line) == "" {
		return nil, err
	}
	return program.Command{"/bin/sh", "-c", line}, nil
}

// programLine is the text of a setting that names a program to run: that of the flag, else of the env file, else "". The
// flag must have no EnvVars: a project sets the environment of what the client starts in it, and is not to choose a program.
// It tells which of them it is from, and the folder that it is read in.
func programLine(e env, c *cli.Context, flag, variable string) (line, from, dir string, err error) {
	if dir, err = os.Getwd(); err != nil {
		dir = "."
	}
	if c.IsSet(flag) {
		return c.String(flag), "--" + flag, dir, nil
	}
	line = machineOf(e).OwnVar(variable, dir)
	if there := e.getenv(variable); there != "" && there != line {
		return "", "", "", &exitError{exitUsage, &hintError{
			err:  fmt.Errorf("%s of the environment names a program to run, and is not used: a project can set it", variable),
			hint: fmt.Sprintf("give --%s, or set %s in %s", flag, variable, install.EnvFile(homeDir(e)))}}
	}
	return line, variable, dir, nil
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

// source is what this machine recorded.
func (s settings) source(e env) *recorded.Source {
	return recorded.Open(recorded.Options{SpoolDir: s.spoolDir, ClaudeDir: s.claudeDir, Join: s.join, Idle: s.idle, Over: s.now, Now: e.now})
}

// unstored is what this machine recorded, for a library that knows what is stored.
func (s settings) unstored(e env) *recorded.Unstored {
	return &recorded.Unstored{Source: s.source(e), Receipts: s.receiptsPath()}
}

// remember keeps for the next command what was found out about transcripts.
func remember(e env, source *recorded.Source) {
	if err := source.Remember(); err != nil {
		fmt.Fprintf(e.stderr, "ams-assemble: %v\n", err)
	}
}

// shipping is how sessions are put into a store; store and receipts are the command's to open.
func (s settings) shipping(e env) ship.Options {
	return ship.Options{
		Source: s.source(e), Mask: s.redact, Raw: s.keepRaw,
		Note: func(format string, args ...any) { fmt.Fprintf(e.stderr, "ams-assemble: "+format+"\n", args...) },
	}
}

// readPrices is the embedded table with the rows of a person's own file, if there is one: the one named, else
// prices.json in the configuration folder.
func readPrices(e env, named string) (*price.Table, error) {
	table, err := price.Embedded()
	if err != nil {
		return nil, err
	}
	path := named
	if path == "" {
		path = filepath.Join(homeDir(e), ".config", "ams", "prices.json")
	}
	b, err := safefile.ReadSmall(path)
	if errors.Is(err, fs.ErrNotExist) && named == "" {
		return table, nil
	}
	if err != nil {
		return nil, fmt.Errorf("prices: %w", err)
	}
	table, err = table.Override(b)
	if err != nil {
		return nil, fmt.Errorf("prices %s: %w", path, err)
	}
	return table, nil
}

// readStore says where sessions are stored. As in the original, a bucket alone chooses S3, and local beats it; a command
// alone chooses it.
func (s *settings) readStore(e env, c *cli.Context) error {
	bucket := c.String("s3-bucket")
	command, err := programSetting(e, c, "store-command", "AMS_STORE_COMMAND")
	kind := strings.ToLower(c.String("storage"))
	if kind == "local" {
		return nil // whatever the others say
	}
	if err != nil {
		return err
	}
	const missing = "--storage is %s, but there is no %s"
	switch {
	case kind == "" && bucket != "" && command != nil:
		return usagef("a bucket and a store command are set: --storage must say which, s3 or exec")
	case kind == "" && bucket == "" && command == nil:
		return nil
	case kind != "" && kind != "s3" && kind != "exec":
		return usagef("--storage must be local, s3 or exec, not %q", kind)
	case kind == "exec" && command == nil:
		return &exitError{exitUsage, &hintError{err: fmt.Errorf(missing, kind, "command"),
			hint: "set --store-command, or AMS_STORE_COMMAND in " + install.EnvFile(homeDir(e))}}
	case kind == "s3" && bucket == "":
		return &exitError{exitUsage, &hintError{err: fmt.Errorf(missing, kind, "bucket"),
			hint: "set --s3-bucket or AMS_S3_BUCKET, or --storage local"}}
	case kind == "exec", kind == "" && command != nil:
		s.command = command
		return nil
	}
	s.s3 = &upload.S3Options{
		Bucket: bucket, Prefix: c.String("s3-prefix"), Endpoint: c.String("s3-endpoint-url"),
		Region: c.String("s3-region"), SSE: c.String("s3-sse"), KMSKeyID: c.String("s3-kms-key-id"),
	}
	return nil
}

// open opens the store in use. It makes no connection and no folder, and starts no command.
func (s settings) open(ctx context.Context) (upload.Store, error) {
	switch {
	case s.s3 != nil:
		return upload.NewS3(ctx, *s.s3)
	case s.command != nil:
		return upload.NewExec(upload.ExecOptions{Command: s.command}), nil
	}
	return upload.NewLocal(s.localDir), nil
}

// storeName names the store in use to a person.
func (s settings) storeName() string {
	switch {
	case s.command != nil:
		return "the store of " + s.command[0] // its arguments may hold a secret
	case s.s3 == nil:
		return s.localDir
	}
	return "s3://" + strings.TrimSuffix(s.s3.Bucket+"/"+strings.Trim(s.s3.Prefix, "/"), "/")
}

// storeFolder is the folder of a local store, "" for any other.
func (s settings) storeFolder() string {
	if s.s3 != nil || s.command != nil {
		return ""
	}
	return s.localDir
}

// storeHash stands for the store in use in the names of files about it.
func (s settings) storeHash() string {
	store := "local\x00" + s.localDir
	if abs, err := filepath.Abs(s.localDir); err == nil {
		store = "local\x00" + abs
	}
	if s.command != nil {
		store = "exec\x00" + strings.Join(s.command, "\x00")
	}
	if s.s3 != nil {
		store = strings.Join([]string{"s3", s.s3.Endpoint, s.s3.Bucket, strings.Trim(s.s3.Prefix, "/")}, "\x00")
	}
	sum := sha256.Sum256([]byte(store))
	return hex.EncodeToString(sum[:8])
}

// receiptsPath is the file of receipts of the store in use, beside the spools.
func (s settings) receiptsPath() string {
	return filepath.Join(s.spoolDir, ".receipts", s.storeHash()+".db")
}

// openBook opens the receipts of the store in use, and with them the lock that only one run holds.
func (s settings) openBook(e env) (*receipt.Book, error) {
	book, err := receipt.Open(s.receiptsPath())
	switch {
	case errors.Is(err, receipt.ErrLocked):
		return nil, &exitError{exitLocked, err}
	case errors.Is(err, receipt.ErrNewer):
		hint := "update this ams-assemble, or remove the file: every session is then looked at anew"
		return nil, &hintError{err: err, hint: hint}
	case err != nil:
		return nil, err
	}
	if d := book.Damage; d != nil {
		fmt.Fprintf(e.stderr, "ams-assemble: %s is damaged (%s) and is kept as %s; every session is looked at anew\n",
			d.Path, d.Reason, d.Kept)
	}
	return book, nil
}
