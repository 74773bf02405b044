package main

import (
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"ams/pkg/schema"
	"ams/pkg/story"
)

func diffCommand(e env) *cli.Command {
	return &cli.Command{
		Name: "diff", Category: reading,
		Usage:     "two sessions side by side",
		ArgsUsage: "ID ID",
		Description: "What was asked, how it ended, what it took and cost, with which models, agents, tools and files. Each ID is a session id, its " +
			"beginning, or last.",
		UsageText: "ams-assemble diff 0b1f 77ac  # the same task with two models\n" +
			"ams-assemble diff 0b1f last  # an old run and the newest",
		Flags: slices.Concat(pageFlags(), commonFlags(recordGroup, maskGroup, priceGroup, storeGroup)),
		Action: func(c *cli.Context) error {
			set, err := readSettings(e, c)
			if err != nil {
				return err
			}
			if c.Args().Len() != 2 {
				return usagef("diff takes two session ids")
			}
			var sessions [2]*schema.Session
			for i, arg := range c.Args().Slice() {
				if sessions[i], err = sessionToShow(c.Context, e, set, arg); err != nil {
					return err
				}
			}
			return paged(e, c, func(p *page) error {
				return story.Compare(p, sessions[0], sessions[1], story.Options{Screen: p.Screen, Location: time.Local})
			})
		},
	}
}
