package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

const token = "a-token-of-tests-0123456789"

func host(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }

// TestWhoMayAsk holds each request to what it gets: nothing without the token, and with it nothing for other sites.
func TestWhoMayAsk(t *testing.T) {
	s := open(t, Options{Access: Access{Token: token, Loopback: true}}, hostile(t, "aaaa1111"))
	first := s.ask("/?token=" + token)
	cookies := first.Result().Cookies()
	if first.Code != http.StatusOK || len(cookies) != 1 {
		t.Fatalf("the printed address: %d, cookies %v", first.Code, cookies)
	}
	c := cookies[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || strings.Contains(c.Value, token) || c.Path != "/" {
		t.Errorf("cookie %v", c)
	}
	cookie := func(r *http.Request) { r.AddCookie(c) }
	for _, one := range []struct {
		name   string
		path   string
		change []func(*http.Request)
		want   int
	}{
		{"nobody, the page", "/", nil, 401},
		{"nobody, a session", "/s/aaaa1111", nil, 401},
		{"nobody, data", "/api/list", nil, 401},
		{"nobody, a script of ours", "/static/main.js", nil, 401},
		{"a wrong token", "/?token=wrong", nil, 401},
		{"an empty token", "/?token=", nil, 401},
		{"the token for data", "/api/list?token=" + token, nil, 401},
		{"a wrong cookie", "/api/list", []func(*http.Request){func(r *http.Request) { r.AddCookie(&http.Cookie{Name: c.Name, Value: token}) }}, 401},
		{"the cookie of another port", "/api/list", []func(*http.Request){cookie, host("127.0.0.1:9999")}, 401},
		{"the cookie", "/api/list", []func(*http.Request){cookie}, 200},
		{"the cookie, its own fetch", "/api/list", []func(*http.Request){cookie, header("Sec-Fetch-Site", "same-origin"), header("Origin", "http://127.0.0.1:8000")}, 200},
		{"a person who typed the address", "/", []func(*http.Request){cookie, header("Sec-Fetch-Site", "none")}, 200},
		{"localhost", "/?token=" + token, []func(*http.Request){host("localhost:8000")}, 200},
		{"IPv6", "/?token=" + token, []func(*http.Request){host("[::1]:8000")}, 200},
		{"a name that was rebound", "/api/list", []func(*http.Request){cookie, host("evil.example:8000")}, 403},
		{"a name that was rebound, with the token", "/?token=" + token, []func(*http.Request){host("evil.example:8000")}, 403},
		{"a name like ours", "/", []func(*http.Request){cookie, host("127.0.0.1.evil.example:8000")}, 403},
		{"another machine's address", "/", []func(*http.Request){cookie, host("10.0.0.5:8000")}, 403},
		{"no host", "/", []func(*http.Request){cookie, host("")}, 403},
		{"another site's fetch", "/api/list", []func(*http.Request){cookie, header("Sec-Fetch-Site", "cross-site")}, 403},
		{"another port's fetch", "/api/list", []func(*http.Request){cookie, header("Sec-Fetch-Site", "same-site")}, 403},
		{"another origin", "/api/list", []func(*http.Request){cookie, header("Origin", "http://evil.example")}, 403},
		{"another port's origin", "/api/list", []func(*http.Request){cookie, header("Origin", "http://127.0.0.1:9999")}, 403},
		{"a sandboxed frame", "/api/list", []func(*http.Request){cookie, header("Origin", "null")}, 403},
		{"another site's link", "/s/aaaa1111", []func(*http.Request){cookie, header("Sec-Fetch-Site", "cross-site"), header("Sec-Fetch-Mode", "navigate")}, 403},
		{"the browser that was opened by a file with the address", "/?token=" + token, []func(*http.Request){header("Sec-Fetch-Site", "cross-site"), header("Sec-Fetch-Mode", "navigate")}, 200},
		{"another site that guesses", "/?token=guess", []func(*http.Request){header("Sec-Fetch-Site", "cross-site"), header("Sec-Fetch-Mode", "navigate")}, 403},
		{"another site that embeds", "/?token=" + token, []func(*http.Request){header("Sec-Fetch-Site", "cross-site"), header("Sec-Fetch-Mode", "no-cors")}, 403},
		{"POST", "/api/list", []func(*http.Request){cookie, func(r *http.Request) { r.Method = http.MethodPost }}, 405},
		{"DELETE", "/api/s/aaaa1111", []func(*http.Request){cookie, func(r *http.Request) { r.Method = http.MethodDelete }}, 405},
	} {
		if w := s.ask(one.path, one.change...); w.Code != one.want {
			t.Errorf("%s: %d, want %d", one.name, w.Code, one.want)
		} else if w.Code >= 400 && (strings.Contains(w.Body.String(), "aaaa1111") && !strings.Contains(one.path, "aaaa1111") || len(w.Result().Cookies()) > 0) {
			t.Errorf("%s: %.200s", one.name, w.Body)
		}
	}
}

func TestWithoutTokenNobodyNeedsOne(t *testing.T) {
	s := open(t, Options{Access: Access{Loopback: true}})
	if w := s.ask("/api/list"); w.Code != http.StatusOK {
		t.Error(w.Code)
	}
	if w := s.ask("/api/list", header("Sec-Fetch-Site", "cross-site")); w.Code != http.StatusForbidden {
		t.Errorf("another site: %d", w.Code)
	}
	if w := s.ask("/api/list", host("evil.example")); w.Code != http.StatusForbidden {
		t.Errorf("a rebound name: %d", w.Code)
	}
}

func TestBeyondThisMachine(t *testing.T) {
	public := &url.URL{Scheme: "https", Host: "ams.example.com"}
	s := open(t, Options{Access: Access{Token: token, Secure: true, Public: public}})
	for name, want := range map[string]int{"ams.example.com": 401, "AMS.example.com": 401, "10.0.0.5:8443": 401, "evil.example": 403} {
		if w := s.ask("/", host(name)); w.Code != want {
			t.Errorf("%s: %d, want %d", name, w.Code, want)
		}
	}
	w := s.ask("/?token="+token, host("ams.example.com"))
	if c := w.Result().Cookies(); len(c) != 1 || !c[0].Secure || !strings.HasPrefix(c[0].Name, "__Host-") {
		t.Errorf("cookie %v", c)
	}
}

func TestLogin(t *testing.T) {
	s := open(t, Options{Access: Access{Token: token, Loopback: true}})
	post := func(text string, change ...func(*http.Request)) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/login", strings.NewReader(url.Values{"token": {text}}.Encode()))
		r.Host = "127.0.0.1:8000"
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for _, c := range change {
			c(r)
		}
		w := httptest.NewRecorder()
		s.server.Handler().ServeHTTP(w, r)
		return w
	}
	if w := post(token); w.Code != http.StatusSeeOther || len(w.Result().Cookies()) != 1 {
		t.Errorf("the token: %d", w.Code)
	}
	for name, w := range map[string]*httptest.ResponseRecorder{
		"wrong": post("wrong"), "none": post(""), "too long": post(strings.Repeat("x", 10_000)),
	} {
		if w.Code != http.StatusUnauthorized || len(w.Result().Cookies()) > 0 {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	if w := post(token, header("Origin", "http://evil.example")); w.Code != http.StatusForbidden || len(w.Result().Cookies()) > 0 {
		t.Errorf("from another site: %d", w.Code)
	}
	if w := s.ask("/login"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "<form") {
		t.Errorf("the form: %d", w.Code)
	}
}

// TestARefusalLeadsNowhereElse follows a link of another site to where a person may go on.
func TestARefusalLeadsNowhereElse(t *testing.T) {
	s := open(t, Options{Access: Access{Token: token, Loopback: true}})
	for path, want := range map[string]string{
		"/s/abc?e=1":       `href="/s/abc?e=1"`,
		"/%22%3E%3Cscript": "",
		"//evil.example/":  `href="/"`,
	} {
		w := s.ask("/", header("Sec-Fetch-Site", "cross-site"), header("Sec-Fetch-Mode", "navigate"), func(r *http.Request) {
			u, err := url.ParseRequestURI(path)
			if err != nil {
				t.Fatal(err)
			}
			r.URL = u
		})
		body := w.Body.String()
		if w.Code != http.StatusForbidden || want != "" && !strings.Contains(body, want) || strings.Contains(body, `href="//`) || strings.Contains(body, "<script") {
			t.Errorf("%s: %d %s", path, w.Code, body)
		}
	}
}
