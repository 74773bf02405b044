package browser

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// patience is how long anything on the page may take: far more than it does, as machines that run tests are busy.
const patience = 60 * time.Second

// look is how a tab is set up.
type look struct {
	name          string
	width, height int64
	scheme        string // light, dark
}

var (
	desk  = look{"1280-light", 1280, 900, "light"}
	night = look{"1280-dark", 1280, 900, "dark"}
	phone = look{"390-light", 390, 844, "light"}
	bed   = look{"390-dark", 390, 844, "dark"}
	looks = []look{desk, night, phone, bed}
)

// tab is a tab of the browser. What goes wrong in the page while the test runs fails the test at its end: what the console
// tells of errors, what the page's policy refuses, requests that leave the machine.
type tab struct {
	t    testing.TB
	ctx  context.Context
	look look
	seen bool // another tab shows the same to axe

	mu     sync.Mutex
	faults []string
	asked  []string // addresses
	quiet  bool     // the tab is closing
}

// open opens a tab that shows nothing yet.
func open(t testing.TB, l look) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browserContext(t), chromedp.WithNewBrowserContext())
	p := &tab{t: t, ctx: ctx, look: l}
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("the browser does not start: %v", err)
	}
	p.watch()
	if _, err := chromedp.Call(ctx, audits.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	scheme := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: l.scheme}}}
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, scheme); err != nil {
		t.Fatal(err)
	}
	p.do(chromedp.EmulateViewport(l.width, l.height))
	t.Cleanup(func() {
		if t.Failed() {
			p.shot("failed")
		}
		p.checkFaults()
		p.mu.Lock()
		p.quiet = true
		p.mu.Unlock()
		cancel()
	})
	return p
}

// watch collects what goes wrong, and who is asked.
func (p *tab) watch() {
	console := chromedp.Console(p.ctx)
	issues := chromedp.Events(p.ctx, audits.IssueAdded)
	requests := chromedp.Events(p.ctx, network.RequestWillBeSent)
	go func() {
		for m, err := range console {
			if err != nil {
				return
			}
			if m.IsException() || m.Type == chromedp.ConsoleError || m.Type == chromedp.ConsoleWarning {
				p.fault("console: %s %s", m, m.URL)
			}
		}
	}()
	go func() {
		for e, err := range issues {
			if err != nil {
				return
			}
			if d := e.Issue.Details; d != nil && d.ContentSecurityPolicyIssueDetails != nil {
				c := d.ContentSecurityPolicyIssueDetails
				p.fault("the policy refuses %s %s (%s)", c.ViolatedDirective, c.BlockedURL, c.ContentSecurityPolicyViolationType)
			}
		}
	}()
	go func() {
		for e, err := range requests {
			if err != nil {
				return
			}
			p.mu.Lock()
			p.asked = append(p.asked, e.Request.URL)
			p.mu.Unlock()
		}
	}()
}

func (p *tab) fault(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.quiet {
		p.faults = append(p.faults, fmt.Sprintf(format, args...))
	}
}

// takeFaults are the faults so far, which are forgotten.
func (p *tab) takeFaults() []string {
	p.settle()
	p.mu.Lock()
	defer p.mu.Unlock()
	faults := p.faults
	p.faults = nil
	return faults
}

// settle waits for what is on its way: reports come behind answers of the page.
func (p *tab) settle() {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	_, _ = chromedp.Run(ctx, chromedp.Evaluate[bool](`new Promise(done => requestAnimationFrame(() => setTimeout(() => done(true), 50)))`,
		chromedp.EvalAwaitPromise))
}

// checkFaults fails the test for each of them.
func (p *tab) checkFaults() {
	p.t.Helper()
	for _, f := range p.takeFaults() {
		p.t.Errorf("%s: %s", p.look.name, f)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, address := range p.asked {
		if u, err := url.Parse(address); err != nil || !slices.Contains([]string{"127.0.0.1", "localhost", ""}, u.Hostname()) {
			p.t.Errorf("%s: a request left the machine: %.200s", p.look.name, address)
		}
	}
}

// do runs an action, within the test's patience.
func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.t.Fatalf("%s: %v", p.look.name, err)
	}
}

// goTo opens an address and waits until the page is ready.
func (p *tab) goTo(address string) {
	p.t.Helper()
	p.do(chromedp.Navigate(address))
	p.ready()
}

// ready waits for the mark that the page sets when it shows what it was asked for.
func (p *tab) ready() {
	p.t.Helper()
	p.until(`document.documentElement.dataset.ready !== undefined`)
}

// until waits until an expression is true.
func (p *tab) until(expression string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	for {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		if err == nil && ok {
			return
		}
		select {
		case <-ctx.Done():
			p.t.Fatalf("%s: never came true: %s (%v)", p.look.name, expression, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// eval is the value of an expression; a promise is waited for.
func eval[T any](p *tab, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %.200s: %v", p.look.name, expression, err)
	}
	return v
}

// text is what a person reads of the page.
func (p *tab) text() string {
	p.t.Helper()
	return eval[string](p, `document.body.innerText`)
}

// sees waits until the page shows a text.
func (p *tab) sees(text string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`document.body.innerText.includes(%q)`, text))
}

// click clicks on the middle of the first element that a selector finds, as a mouse does, and on a phone taps it.
func (p *tab) click(selector string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`document.querySelector(%q)`, selector))
	at := eval[[]float64](p, fmt.Sprintf(`(() => {
		const e = document.querySelector(%q)
		e.scrollIntoView({block: "nearest", inline: "nearest"})
		const r = e.getClientRects()[0]
		return [r.x + r.width / 2, r.y + r.height / 2]
	})()`, selector))
	p.do(chromedp.MouseClickXY(at[0], at[1]))
}

// special are the keys that write nothing.
var special = map[string]input.DispatchKeyEventParams{
	"Enter":     {Key: "Enter", Code: "Enter", WindowsVirtualKeyCode: 13, Text: "\r"},
	"Escape":    {Key: "Escape", Code: "Escape", WindowsVirtualKeyCode: 27},
	"Tab":       {Key: "Tab", Code: "Tab", WindowsVirtualKeyCode: 9},
	"Backspace": {Key: "Backspace", Code: "Backspace", WindowsVirtualKeyCode: 8},
	"ArrowDown": {Key: "ArrowDown", Code: "ArrowDown", WindowsVirtualKeyCode: 40},
	"ArrowUp":   {Key: "ArrowUp", Code: "ArrowUp", WindowsVirtualKeyCode: 38},
	"End":       {Key: "End", Code: "End", WindowsVirtualKeyCode: 35},
	"Home":      {Key: "Home", Code: "Home", WindowsVirtualKeyCode: 36},
}

// keys presses keys one after the other: a name of [special], or else each character of the word.
func (p *tab) keys(words ...string) {
	p.t.Helper()
	for _, word := range words {
		if k, ok := special[word]; ok {
			p.press(k)
			continue
		}
		for _, r := range word {
			k := input.DispatchKeyEventParams{Key: string(r), Text: string(r)}
			if r >= 'A' && r <= 'Z' {
				k.Modifiers = 8 // Shift
			}
			p.press(k)
		}
	}
}

// press acts as a keyboard does: chromedp's own KeyEvent sends a character of its own, which lands in a box that a key focused.
func (p *tab) press(k input.DispatchKeyEventParams) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	k.Type = input.DispatchKeyEventTypeKeyDown
	if k.Text == "" {
		k.Type = input.DispatchKeyEventTypeRawKeyDown
	}
	if _, err := chromedp.Call(ctx, input.DispatchKeyEvent, k); err != nil {
		p.t.Fatal(err)
	}
	k.Type, k.Text = input.DispatchKeyEventTypeKeyUp, ""
	if _, err := chromedp.Call(ctx, input.DispatchKeyEvent, k); err != nil {
		p.t.Fatal(err)
	}
}

// shot keeps a picture of the tab as an artefact, where a folder for them is given.
func (p *tab) shot(name string) {
	dir := os.Getenv("AMS_SCREENSHOTS")
	if dir == "" {
		return
	}
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err == nil {
		name = strings.NewReplacer("/", "-", " ", "-").Replace(p.t.Name() + "-" + name + "-" + p.look.name + ".png")
		err = os.WriteFile(filepath.Join(dir, name), picture, 0o644)
	}
	if err != nil {
		p.t.Logf("no picture %s: %v", name, err)
	}
}
