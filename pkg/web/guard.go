package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Access says who may ask.
type Access struct {
	// Token is what the printed address or the login gives; "" asks for none.
	Token string
	// Loopback says that the server listens on this machine's own addresses alone: then no other address is ours.
	Loopback bool
	// Secure says that browsers come by TLS, ours or a proxy's.
	Secure bool
	// Public is the address that browsers use where it is not the one listened on, as a proxy's; nil for none.
	Public *url.URL
}

// policy is what a browser may do with the page: its own files alone, no markup made of a text, in no frame.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; " +
	"form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// guard lets a request through that may ask.
func (a *Access) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "private, no-cache")
		login := r.URL.Path == loginPath
		bringsToken := isNavigation(r) && a.rightToken(r.URL.Query().Get("token")) // which no other site knows
		switch {
		case !a.isOurs(r.Host):
			refuse(w, r, http.StatusForbidden, "This page has no such address.",
				"Open the address that ams-assemble view printed; where a proxy has another name, --public-url says so.")
		case !a.sameSite(r) && !(bringsToken && r.Header.Get("Sec-Fetch-Mode") == "navigate"):
			refuse(w, r, http.StatusForbidden, "Another site sent you here.", "Press the link below, or type the address, if you want to go on.")
		case r.Method != http.MethodGet && r.Method != http.MethodHead && !(login && r.Method == http.MethodPost):
			refuse(w, r, http.StatusMethodNotAllowed, "This page is read only.", "")
		case login:
			a.login(w, r)
		case a.Token == "" || a.hasCookie(r):
			next.ServeHTTP(w, r)
		case bringsToken:
			a.setCookie(w, r)
			next.ServeHTTP(w, r)
		default:
			refuse(w, r, http.StatusUnauthorized, "This page needs its token.",
				"Open the whole address that ams-assemble view printed, or type the token.")
		}
	})
}

// isOurs reports whether a Host header names this server: an address of it, localhost, or its public name. A name that
// somebody made point here is none.
func (a *Access) isOurs(host string) bool {
	if a.Public != nil && strings.EqualFold(host, a.Public.Host) {
		return true
	}
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	if strings.EqualFold(name, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return err == nil && (addr.IsLoopback() || !a.Loopback)
}

// sameSite reports whether a request came from this page or from a person, as far as the browser tells.
func (a *Access) sameSite(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && strings.EqualFold(u.Host, r.Host) && (u.Scheme == "http" || u.Scheme == "https")
}

// isNavigation reports whether a person goes to a page: only then does an address give the cookie.
func isNavigation(r *http.Request) bool {
	return r.Method == http.MethodGet && slices.ContainsFunc([]string{"/s/", "/report"}, func(p string) bool { return strings.HasPrefix(r.URL.Path, p) }) ||
		r.Method == http.MethodGet && r.URL.Path == "/"
}

// rightToken takes as long for a wrong token as for a right one.
func (a *Access) rightToken(given string) bool {
	got, want := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(a.Token))
	return a.Token != "" && subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// cookieValue is what the cookie holds: not the token, which opens the page anew.
func (a *Access) cookieValue() string {
	sum := sha256.Sum256([]byte("cookie of the page\x00" + a.Token))
	return hex.EncodeToString(sum[:])
}

// cookieName is of the port: cookies know none, and two servers on a machine must not take each other's.
func (a *Access) cookieName(r *http.Request) string {
	_, port, _ := net.SplitHostPort(r.Host)
	if a.Secure {
		return "__Host-ams" + port
	}
	return "ams" + port
}

func (a *Access) hasCookie(r *http.Request) bool {
	c, err := r.Cookie(a.cookieName(r))
	return err == nil && subtle.ConstantTimeCompare([]byte(c.Value), []byte(a.cookieValue())) == 1
}

// cookieDays is how long a browser keeps the cookie, unless the token changes before: with each start, where it is not
// from a file.
const cookieDays = 30

func (a *Access) setCookie(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{
		Name: a.cookieName(r), Value: a.cookieValue(), Path: "/", MaxAge: cookieDays * 24 * 3600, HttpOnly: true, Secure: a.Secure,
		SameSite: http.SameSiteStrictMode,
	})
}
