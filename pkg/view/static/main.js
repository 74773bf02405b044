import { ServerSource } from "./source.js";
import { SessionPage } from "./session.js";
import { ListPage } from "./list.js";
import { ReportPage } from "./report.js";

// The page begins here: which one it is, the address tells. One that is a file begins in file.js.
function begin() {
  const app = document.getElementById("app");
  const query = new URLSearchParams(location.search);
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
