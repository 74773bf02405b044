package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"iter"
	"net"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ams/pkg/safefile"
	"ams/pkg/schema"
	"ams/pkg/screen"
	"ams/pkg/spool"
	"ams/pkg/web"
)

func viewCommand(e env) *cli.Command {
	return &cli.Command{
		Name: "view", Category: reading,
		Usage:     "show the sessions as a page in a browser",
		ArgsUsage: "[ID|last]",
		Description: "It serves the page on this machine alone until Ctrl-C, and prints its address, which holds a token: nobody else on the machine can open it without. With an ID the\n" +
			"page of that session. It is read only and asks nobody for anything.",
		UsageText: "ams-assemble view --open  # the list, in your browser\n" +
			"ams-assemble view last  # the newest session\n" +
			"ams-assemble view --listen 10.0.0.5 --token-file ~/.ams-token --tls-cert c.pem --tls-key k.pem  # for a team",
		Flags: slices.Concat([]cli.Flag{
			&cli.BoolFlag{Name: "open", Usage: "open it in the browser"},
			&cli.IntFlag{Name: "port", Usage: "listen on port `N` (default: one that is free)"},
			&cli.StringFlag{Name: "listen", Value: "127.0.0.1", Usage: "listen on `ADDRESS`; beyond this machine with --token-file and TLS alone"},
			&cli.StringFlag{Name: "token-file", Usage: "take the token from `FILE`, which nobody else may read (default: a new one each time)"},
			&cli.BoolFlag{Name: "no-token", Usage: "ask for no token: everybody on this machine can read everything"},
			&cli.StringFlag{Name: "tls-cert", Usage: "serve TLS with the certificate in `FILE` (PEM)"},
			&cli.StringFlag{Name: "tls-key", Usage: "and its key in `FILE` (PEM)"},
			&cli.StringFlag{Name: "public-url", Usage: "browsers come by `URL`, the address of a proxy: https://ams.example.com"},
			&cli.BoolFlag{Name: "behind-tls-proxy", Usage: "with --listen: a proxy in front does TLS, and only it can reach the address"},
		}, commonFlags(recordGroup, maskGroup, storeGroup)),
		Action: func(c *cli.Context) error {
			set, err := readSettings(e, c)
			if err != nil {
				return err
			}
			if c.Args().Len() > 1 {
				return usagef("view takes one session id, its beginning, or last")
			}
			access, err := readAccess(c)
			if err != nil {
				return err
			}
			return view(e, c, set, access)
		},
	}
}

// readAccess says who may open the page, and refuses to let strangers in by a slip.
func readAccess(c *cli.Context) (web.Access, error) {
	a := web.Access{Loopback: isLoopback(c.String("listen")), Secure: c.IsSet("tls-cert") || c.Bool("behind-tls-proxy")}
	switch {
	case c.IsSet("tls-cert") != c.IsSet("tls-key"):
		return a, usagef("--tls-cert and --tls-key go together")
	case c.Bool("no-token") && c.IsSet("token-file"):
		return a, usagef("--no-token and --token-file exclude each other")
	case c.Int("port") < 0 || c.Int("port") > 65535:
		return a, usagef("--port must be 0 to 65535")
	case !a.Loopback && (!c.IsSet("token-file") || !a.Secure):
		return a, &exitError{exitUsage, &hintError{
			err:  fmt.Errorf("--listen %s is open to others: it needs --token-file, and TLS", c.String("listen")),
			hint: "give --tls-cert and --tls-key, or --behind-tls-proxy where a proxy in front does TLS; without --listen only this machine can reach it",
		}}
	}
	if v := c.String("public-url"); v != "" {
		u, err := url.Parse(v)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
			return a, usagef("--public-url must be like https://ams.example.com, without a path, not %q", v)
		}
		a.Public, a.Secure = u, a.Secure || u.Scheme == "https"
	}
	switch path := c.String("token-file"); {
	case c.Bool("no-token"):
	case path != "":
		var err error
		a.Token, err = readToken(path)
		return a, err
	default:
		a.Token = rand.Text()
	}
	return a, nil
}

// Bounds of a token that a person made.
const (
	minToken = 16
	maxToken = 4 << 10
)

// readToken reads a token that a person keeps to themselves.
func readToken(path string) (string, error) {
	b, err := safefile.Read(path, safefile.Rules{Owner: safefile.Me(), MaxBytes: maxToken})
	if err != nil {
		return "", fmt.Errorf("--token-file: %w", err)
	}
	if info, err := os.Stat(path); err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return "", &hintError{err: fmt.Errorf("--token-file: others may read %s", path), hint: "chmod 600 " + path}
	}
	token := strings.TrimSpace(string(b))
	if len(token) < minToken {
		return "", usagef("--token-file %s: a token has %d characters or more; openssl rand -hex 20 makes one", path, minToken)
	}
	return token, nil
}

func isLoopback(address string) bool {
	ip := net.ParseIP(address)
	return address == "localhost" || ip != nil && ip.IsLoopback()
}

// viewMemory is the heap at which garbage is collected more often, and viewGC how much the heap may grow before it is: the
// page runs for days beside other work, with all index records in memory.
const (
	viewMemory = 220 << 20
	viewGC     = 40
)

// view serves the page until the context ends.
func view(e env, c *cli.Context, set settings, access web.Access) error {
	if e.getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(viewMemory)
	}
	if e.getenv("GOGC") == "" {
		debug.SetGCPercent(viewGC)
	}
	here := set.unstored(e)
	lib, err := openLibrary(c.Context, e, set, here)
	if err != nil {
		return err
	}
	path := "/"
	if id := c.Args().First(); id != "" {
		s, err := lib.Get(c.Context, id)
		if err != nil {
			return explainGet(err, set, id)
		}
		path = "/s/" + spool.FileName(s.SessionID) // as the list names it: an id may hold anything
	}
	l, err := net.Listen("tcp", net.JoinHostPort(c.String("listen"), fmt.Sprint(c.Int("port"))))
	if err != nil {
		return &hintError{err: fmt.Errorf("listen: %w", err), hint: "--port names another port, 0 one that is free"}
	}
	server := web.New(web.Options{
		Library: lib, StoreName: set.storeName(), Access: access, Now: e.now, Location: time.Local,
		Follow: func(ctx context.Context, id string) iter.Seq2[*schema.Session, error] {
			return followed(ctx, e, set, id)
		},
	})
	address := addressOf(l, access, c.IsSet("tls-cert"), path)
	fmt.Fprintf(e.stderr, "ams-assemble: the page is at %s until Ctrl-C\n", address)
	if c.Bool("open") {
		close, err := openBrowser(c.Context, address)
		if err != nil {
			fmt.Fprintf(e.stderr, "ams-assemble: no browser opened: %s\n", screen.Line(err.Error()))
		}
		defer close()
	}
	if c.IsSet("tls-cert") {
		if l, err = web.TLS(l, c.String("tls-cert"), c.String("tls-key")); err != nil {
			return err
		}
	}
	return server.Serve(c.Context, l)
}

// addressOf is what a person types. A token of a file is not printed: who has the file knows it, and others read logs.
func addressOf(l net.Listener, a web.Access, tls bool, path string) string {
	u := url.URL{Scheme: "http", Host: l.Addr().String(), Path: path}
	if tls {
		u.Scheme = "https"
	}
	if a.Public != nil {
		u.Scheme, u.Host = a.Public.Scheme, a.Public.Host
	}
	text := u.String()
	if a.Token != "" && a.Loopback {
		text += "?token=" + url.QueryEscape(a.Token)
	}
	return text
}

// openBrowser opens an address as the desktop does, until close.
func openBrowser(ctx context.Context, address string) (close func(), err error) {
	path, remove, err := web.Opener(address)
	if err != nil {
		return func() {}, err
	}
	name, args := "xdg-open", []string{path}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", path}
	}
	cmd := exec.CommandContext(ctx, name, args...)
	if err := cmd.Start(); err != nil {
		return remove, err
	}
	go func() { _ = cmd.Wait() }()
	return remove, nil
}
