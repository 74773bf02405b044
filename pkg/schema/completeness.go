package schema

// Completeness says what a Session was made from and what it lacks.
type Completeness struct {
	// ProgramVersion is the version of ams-assemble that made the Session.
	ProgramVersion string `json:"program_version,omitzero"`
	// Final is set when the caller said that nothing more will come.
	Final bool `json:"final"`
	// Records counts the hook payloads by event name.
	Records map[string]int `json:"records"`
	// Files are the transcript files that were read, the main file first.
	Files []InputFile `json:"files"`
	// Missing names what was not there at all: "hooks", "transcript".
	Missing []string `json:"missing,omitempty"`
	// UnreadableRecords counts payloads that are not JSON objects; the spool keeps them.
	UnreadableRecords int `json:"unreadable_records,omitzero"`
	// CutRecords counts payloads that were cut at the hook's size or time limit.
	CutRecords int `json:"cut_records,omitzero"`
	// DuplicateRecords counts payloads that arrived twice within two seconds and count once.
	DuplicateRecords int `json:"duplicate_records,omitzero"`
	// UnknownRecords counts payloads by event names that this version does not know.
	UnknownRecords map[string]int `json:"unknown_records,omitempty"`
	// UnparsedLines counts transcript lines that are not JSON; CutLines those cut at the end of a file among them.
	UnparsedLines int `json:"unparsed_lines,omitzero"`
	CutLines      int `json:"cut_lines,omitzero"`
	// UnknownLines counts transcript lines by types that this version does not know.
	UnknownLines map[string]int `json:"unknown_lines,omitempty"`
	// CallsWithoutResult counts tool calls whose end was never recorded.
	CallsWithoutResult int `json:"calls_without_result,omitzero"`
	// AgentsWithoutFile counts subagents whose transcript file is missing.
	AgentsWithoutFile int `json:"agents_without_file,omitzero"`
	// ProvisionalTail is set when a last message is known from a hook alone.
	ProvisionalTail bool `json:"provisional_tail,omitzero"`
	// CopiedCalls counts LLM calls in the files that belong to another session (a fork or a resume copied them).
	CopiedCalls int `json:"copied_calls,omitzero"`
	// RefusedBills counts the client's cost-state lines that no session can have: a total or a part below zero,
	// absurdly large or no number.
	RefusedBills int `json:"refused_bills,omitzero"`
	// CarriedEvents counts events taken over from the Session stored before, whose input is gone.
	CarriedEvents int `json:"carried_events,omitzero"`
	// ClockSteps counts how often the clock was set back while a file was written: what follows is told as if
	// it had gone on.
	ClockSteps int `json:"clock_steps,omitzero"`
	// HooksAheadMS is how far the clock of the hooks was ahead of the transcript's, below zero if behind; their
	// times are told by the transcript's.
	HooksAheadMS int64 `json:"hooks_ahead_ms,omitzero"`
	// DamagedSpools counts spool files of the session that were moved aside as damaged; SalvagedRecords what was read
	// from them.
	DamagedSpools   int `json:"damaged_spools,omitzero"`
	SalvagedRecords int `json:"salvaged_records,omitzero"`
	// Cut counts what was larger than a bound, and so is shortened or left out.
	Cut *Cut `json:"cut,omitzero"`
}

// InputFile is one file of a transcript as it was read.
type InputFile struct {
	// Name is relative to the project folder, so that it is the same on every machine.
	Name  string `json:"name"`
	Lines int    `json:"lines"`
	Bytes int64  `json:"bytes"`
}

// Cut counts what stands in a Session shortened, or not at all, because it was larger than a bound.
type Cut struct {
	// Lines were longer than 64 MB and were left out, and so were parts of a line beyond the number that one may have.
	Lines int `json:"lines,omitzero"`
	// Inputs are payloads and parts of lines that were shortened when they were read: beyond 8 MB, or because the
	// session had too much of them.
	Inputs int `json:"inputs,omitzero"`
	// Fields are titles, names, ids and other short texts of more than 1 kB.
	Fields int `json:"fields,omitzero"`
	// Events lost the ends of their longest texts and values: they had more than 8 MB, or the session had more than 64 MB.
	Events int `json:"events,omitzero"`
	// Deep are values nested deeper than 64 levels; what is deeper stands as the text of its JSON.
	Deep int `json:"deep,omitzero"`
	// Messages are events of the model's messages that were left out: of a session of more than 200 MB those that subagents
	// wrote on their way, of one of more than 230 MB their last ones, then those of the main thread. All sums hold them, and
	// the numbers of the other events stay.
	Messages int `json:"messages,omitzero"`
}
