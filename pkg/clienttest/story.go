package clienttest

// A Scenario is one prompt and what the model answers to everything that follows from it.
type Scenario struct {
	Prompt string
	Script Script
}

// Story is a session with one of each thing worth telling. The main thread (lane "main") thinks and runs a command that takes 0.2 s,
// runs a second one that fails with status 3, says why it wants a helper, starts a general-purpose subagent and gives its answer. The
// subagent (lane "helper") thinks, reads a directory, fails at a second command (status 4) and reports.
//
// The name of the tool that starts a subagent differs: agentTool is "Task" for client 2.0.56 and "Agent" for 2.1.110 and later.
func Story(agentTool string) Scenario {
	bash := func(command, description string) Block {
		return ToolUse("Bash", object{"command": command, "description": description})
	}
	return Scenario{
		Prompt: "Tell me what is in this folder. [[lane:main]]",
		Script: Script{
			"main": {
				{
					Blocks: []Block{
						Thinking("The folder must be listed first."),
						Text("I will look at the folder."),
						bash("sleep 0.2; echo first; echo second >&2", "List slowly"),
					},
					Usage: Usage{Input: 10, Output: 60, CacheWrite5m: 3000, CacheWrite1h: 1000},
				},
				{
					Blocks: []Block{bash("echo before; echo bad >&2; exit 3", "Fail with 3")},
					Usage:  Usage{Input: 12, Output: 35, CacheRead: 4000, CacheWrite5m: 200},
				},
				{
					Blocks: []Block{
						Thinking("That failed, a helper with fresh eyes should look."),
						Text("The command failed, so I ask a helper to look instead."),
						ToolUse(agentTool, object{
							"description":       "Look at the folder",
							"subagent_type":     "general-purpose",
							"prompt":            "List the folder and report its entries. [[lane:helper]]",
							"run_in_background": false,
						}),
					},
					Usage: Usage{Input: 14, Output: 90, CacheRead: 4200, CacheWrite5m: 150},
				},
				{
					Blocks: []Block{Text("The folder is empty, as the helper found.")},
					Usage:  Usage{Input: 16, Output: 20, CacheRead: 4350, CacheWrite5m: 100},
				},
			},
			"helper": {
				{
					Blocks: []Block{
						Thinking("A plain listing will do."),
						Text("Listing."),
						bash("ls -a", "List the folder"),
					},
					Usage: Usage{Input: 5, Output: 70, CacheWrite5m: 2500},
				},
				{
					Blocks: []Block{bash("exit 4", "Fail with 4")},
					Usage:  Usage{Input: 6, Output: 30, CacheRead: 2500},
				},
				{
					Blocks: []Block{Text("No entries but the folder itself.")},
					Usage:  Usage{Input: 7, Output: 25, CacheRead: 2500, CacheWrite5m: 60},
				},
			},
		},
	}
}
