package clienttest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// apiAddress is where the API listens. In a namespace just made every port is free.
const apiAddress = "127.0.0.1:8787"

// killGrace is how long output is waited for when the client has ended: what it started may hold it open.
const killGrace = 2 * time.Second

// tryNamespace says why a client could not be run here.
func tryNamespace(ctx context.Context) error {
	if os.Getenv(enterVar) != "" {
		return errNoEnter // or else each try would start another
	}
	trial := exec.CommandContext(ctx, "/")
	// A test binary that does not call Enter takes the second argument for a flag that it does not know, and ends.
	trial.Args, trial.Env = []string{trialArg, "-clienttest.enter"}, []string{}
	return runInside(trial, http.NotFoundHandler())
}

// enterVar marks the process that is to become the client, inside the namespace.
const enterVar = "AMS_CLIENTTEST_ENTER"

// trialArg stands in the place of the client's path where [Enter] is to go all the way but the last step.
const trialArg = "trial"

// enterStatus is that process's exit status where it could not.
const enterStatus = 125

// runInside runs cmd.Args in a new network namespace, with the API on apiAddress served by this process:
//
//  1. it starts this executable again in the namespace, with the arguments of cmd and one end of a socket pair as descriptor 3;
//  2. [Enter] there brings loopback up, listens on apiAddress, sends the listener over the socket pair and becomes cmd;
//  3. the listener belongs to the namespace it was made in, so accepting from it here serves the client there.
//
// No helper program is needed (not even ip), and the test can look into the API while the client runs. Root makes the namespace as it
// is; anyone else in a user namespace that keeps the user's id. The error says why cmd did not begin; how it ended is for the caller.
func runInside(cmd *exec.Cmd, api http.Handler) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	ours, theirs, err := socketPair()
	if err != nil {
		return err
	}
	defer ours.Close()
	cmd.Path, cmd.Err = self, nil
	cmd.Env = append(cmd.Env, enterVar+"=1")
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNET,
		Setpgid:    true,
		Pdeathsig:  syscall.SIGKILL, // so that a test binary that dies leaves no client
	}
	if uid, gid := os.Geteuid(), os.Getegid(); uid != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}}
		cmd.SysProcAttr.AmbientCaps = []uintptr{unix.CAP_NET_ADMIN}
	}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = killGrace

	// The parent whose death kills the client is this thread, not this process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err = cmd.Start()
	theirs.Close() // with the child's copy the only one, its death ends the wait below
	if err != nil {
		return fmt.Errorf("make a network namespace: %w", err)
	}
	listener, err := receiveListener(ours)
	if err != nil {
		_ = cmd.Cancel()
		return fmt.Errorf("enter the network namespace: %w", errors.Join(err, cmd.Wait()))
	}
	server := &http.Server{Handler: api, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(listener)
	defer server.Close()
	_ = cmd.Wait() // ProcessState says how it ended; that its children still hold its output is no error
	return nil
}

func socketPair() (ours *net.UnixConn, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make a socket pair: %w", err)
	}
	file := os.NewFile(uintptr(fds[0]), "socketpair")
	defer file.Close()
	theirs = os.NewFile(uintptr(fds[1]), "socketpair")
	conn, err := net.FileConn(file)
	if err != nil {
		theirs.Close()
		return nil, nil, fmt.Errorf("make a socket pair: %w", err)
	}
	return conn.(*net.UnixConn), theirs, nil
}

// receiveListener takes the listener that [Enter] sends, or the text of what went wrong there.
func receiveListener(conn *net.UnixConn) (net.Listener, error) {
	text, rights := make([]byte, 1024), make([]byte, unix.CmsgSpace(4))
	n, nr, _, _, err := conn.ReadMsgUnix(text, rights)
	if n == 0 {
		return nil, errors.Join(errNoEnter, err)
	}
	if err != nil {
		return nil, err
	}
	if nr == 0 {
		return nil, errors.New(string(text[:n]))
	}
	msgs, err := unix.ParseSocketControlMessage(rights[:nr])
	if err != nil {
		return nil, err
	}
	fds, err := unix.ParseUnixRights(&msgs[0])
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(fds[0]), "listener")
	defer file.Close()
	return net.FileListener(file)
}

// Enter must be the first call of TestMain. In a test it does nothing. In the process that [Client.Run] starts inside
// the namespace it does not return: it sets the namespace up and replaces the process by the client.
func Enter() {
	if os.Getenv(enterVar) == "" {
		return
	}
	const pair = 3
	unix.CloseOnExec(pair)
	if err := enter(pair, os.Args); err != nil {
		_ = unix.Sendmsg(pair, []byte(err.Error()), nil, nil, 0)
		fmt.Fprintln(os.Stderr, err) // by the time of the last step nobody reads the pair
		os.Exit(enterStatus)
	}
	os.Exit(0)
}

// enter brings loopback up, sends a listener over pair and becomes argv.
func enter(pair int, argv []string) error {
	runtime.LockOSThread() // capabilities are per thread
	if err := loopbackUp(); err != nil {
		return fmt.Errorf("bring loopback up: %w", err)
	}
	listener, err := net.Listen("tcp", apiAddress)
	if err != nil {
		return err
	}
	file, err := listener.(*net.TCPListener).File()
	if err != nil {
		return err
	}
	// The client is to be a plain process, without the capability that loopback needed.
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return fmt.Errorf("drop capabilities: %w", err)
	}
	if err := unix.Sendmsg(pair, []byte("listening"), unix.UnixRights(int(file.Fd())), nil, 0); err != nil {
		return fmt.Errorf("send the listener: %w", err)
	}
	if argv[0] == trialArg {
		return nil
	}
	env := make([]string, 0, len(os.Environ()))
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, enterVar+"=") {
			env = append(env, v)
		}
	}
	return fmt.Errorf("start %s: %w", argv[0], syscall.Exec(argv[0], argv, env))
}

func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, lo); err != nil {
		return err
	}
	lo.SetUint16(lo.Uint16() | unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo)
}
