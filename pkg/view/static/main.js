import { ServerSource, DocumentSource } from "./source.js";
import { SessionPage } from "./session.js";
import { ListPage } from "./list.js";
import { ReportPage } from "./report.js";

// The page begins here: which one it is, the address tells; a document that holds a session shows that.
function begin() {
  const app = document.getElementById("app"), own = document.getElementById("session-data");
  const query = new URLSearchParams(location.search);
  if (own) {
    new SessionPage(app, new DocumentSource(JSON.parse(own.textContent))).start(location.hash.slice(1));
    return;
  }
  if (query.has("token")) { // the cookie has it now; the address is for others, too
    query.delete("token");
    history.replaceState(null, "", location.pathname + (String(query) ? "?" + query : ""));
  }
  const session = /^\/s\/([^/]+)$/.exec(location.pathname);
  if (session) new SessionPage(app, new ServerSource(decodeURIComponent(session[1]))).start(query.get("e"));
  else if (location.pathname === "/report") new ReportPage(app);
  else new ListPage(app);
}

begin();
