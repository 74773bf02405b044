package clienttest

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// standInVar makes this test binary play a client that [Client.Run] starts. Its value is the part it plays.
const standInVar = "AMS_CLIENTTEST_STAND_IN"

func standIn(part string) {
	switch part {
	case "look":
		look()
	case "hang":
		fmt.Fprintln(os.Stderr, "hanging")
		time.Sleep(time.Minute)
	case "fail":
		fmt.Fprintln(os.Stderr, "no such model")
		os.Exit(1)
	}
	os.Exit(0)
}

// look asks the API once and prints a result line with the answer's status, the network interfaces and the program's
// arguments.
func look() {
	resp, err := http.Post(os.Getenv("ANTHROPIC_BASE_URL")+"/v1/messages", "application/json", strings.NewReader(ask(false, user("[[lane:main]]"))))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var names []string
	interfaces, _ := net.Interfaces()
	for _, i := range interfaces {
		names = append(names, i.Name)
	}
	answer := fmt.Sprint(resp.StatusCode, " ", names, " ", os.Args[1:])
	json.NewEncoder(os.Stdout).Encode(object{"type": "result", "session_id": "s", "result": answer, "total_cost_usd": 0.25})
}

// runStandIn runs this test binary as a client.
func runStandIn(t *testing.T, part string, setup Setup) (*Run, error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	setup.Dir = t.TempDir()
	setup.Env = append(setup.Env, standInVar+"="+part)
	client := &Client{Version: "stand-in", argv: []string{self}}
	return client.Run(t.Context(), Scenario{Prompt: "hello", Script: Script{"main": {{}}}}, setup)
}

// needNamespace skips where this machine makes no namespaces, as [Available] does.
func needNamespace(t *testing.T) {
	t.Helper()
	if err := tryNamespace(t.Context()); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("NOT TESTED: %v", err)
	}
}

func TestClientSeesLoopbackAndTheAPIAlone(t *testing.T) {
	needNamespace(t)
	run, err := runStandIn(t, "look", Setup{Args: []string{"--model", "m"}})
	if err != nil {
		t.Fatal(err)
	}
	want := "200 [lo] [-p hello --output-format stream-json --verbose --dangerously-skip-permissions --model m]"
	if run.Answer != want {
		t.Errorf("got answer  %s\nwant answer %s", run.Answer, want)
	}
	if run.SessionID != "s" || run.TotalCostUSD != 0.25 || run.ExitCode != 0 || len(run.Lines) != 1 || len(run.Requests) != 1 {
		t.Errorf("got %+v, want session s, cost 0.25, exit code 0, one line, one request", run)
	}
}

func TestRunKillsAClientThatTakesTooLong(t *testing.T) {
	needNamespace(t)
	start := time.Now()
	run, err := runStandIn(t, "hang", Setup{Timeout: 300 * time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "took longer than 300ms") || !strings.Contains(err.Error(), "hanging") {
		t.Errorf("got error %v, want the time limit and what the client said", err)
	}
	if run == nil || run.ExitCode != -1 {
		t.Errorf("got %+v, want a run ended by a signal", run)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestRunReportsAClientWithoutAResult(t *testing.T) {
	needNamespace(t)
	run, err := runStandIn(t, "fail", Setup{})
	if err == nil || !strings.Contains(err.Error(), "no result line") || !strings.Contains(err.Error(), "no such model") {
		t.Errorf("got error %v, want no result line and what the client said", err)
	}
	if run == nil || run.ExitCode != 1 {
		t.Errorf("got %+v, want exit code 1", run)
	}
}

func TestCommandPassesItsArgumentsAlone(t *testing.T) {
	needNamespace(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	client := &Client{Version: "stand-in", argv: []string{self}}
	setup := Setup{Dir: t.TempDir(), Args: []string{"plugin", "list"}, Env: []string{standInVar + "=look"}}
	run, stdout, err := client.Command(t.Context(), setup)
	if err != nil || run.ExitCode != 0 || !strings.Contains(stdout, "404 [lo] [plugin list]") {
		t.Errorf("got %+v, output %s and error %v; want exit code 0, no API and the arguments", run, stdout, err)
	}
	setup.Env = []string{standInVar + "=fail"}
	run, _, err = client.Command(t.Context(), setup)
	if err != nil || run.ExitCode != 1 || !strings.Contains(run.Stderr, "no such model") {
		t.Errorf("got %+v and error %v, want exit code 1 and what the client said", run, err)
	}
	setup.Env, setup.Timeout = []string{standInVar + "=hang"}, 300*time.Millisecond
	if _, _, err = client.Command(t.Context(), setup); err == nil || !strings.Contains(err.Error(), "took longer than 300ms") {
		t.Errorf("got error %v, want the time limit", err)
	}
}

func TestRunReportsAProgramThatIsNotThere(t *testing.T) {
	needNamespace(t)
	client := &Client{Version: "none", argv: []string{"/no/such/client"}}
	run, err := client.Run(t.Context(), Scenario{}, Setup{Dir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "/no/such/client") {
		t.Errorf("got %+v and error %v, want an error with the path", run, err)
	}
}

func TestInstallWaitsForAnotherNoLongerThanItsContext(t *testing.T) {
	dir := t.TempDir()
	unlock, err := lock(t.Context(), dir+"/1.2.3.lock")
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Install(ctx, "1.2.3", dir); err == nil || !strings.Contains(err.Error(), "1.2.3.lock") {
		t.Errorf("got %v, want an error that names the lock", err)
	}
}
