import { SessionPage } from "./session.js";
import { DocumentSource } from "./document.js";

// A page that is one file begins here: it holds a session, and its address may name an event behind #.
new SessionPage(document.getElementById("app"), new DocumentSource()).start(decodeURIComponent(location.hash.slice(1)));
