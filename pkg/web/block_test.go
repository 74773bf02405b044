package web

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"ams/pkg/library"
	"ams/pkg/query"
	"ams/pkg/schema"
	"ams/pkg/schema/schematest"
	"ams/pkg/signal"
)

var allMaps = []string{"metadata", "tools", "per_model", "agents", "per_day", "skills", "files", "signals"}

// variedRecords are index records of many shapes: full ones, ones of few words, older ones, cut ones.
func variedRecords() []*schema.Summary {
	var out []*schema.Summary
	for n := range 3*blockRecords + 5 {
		s := schematest.Large(40 + n%7*60)
		s.SessionID = fmt.Sprintf("s%04d", n)
		if n%5 == 0 {
			s.Tags, s.Metadata = []string{"nightly"}, map[string]schema.Raw{"team": schema.Raw(`"shop"`)}
		}
		signal.Review(s)
		sum := schema.Summarize(s)
		switch n % 11 {
		case 3: // one from before there were sums
			sum.Files, sum.Agents, sum.Skills, sum.PerDay, sum.PerModel, sum.Signals = nil, nil, nil, nil, nil, nil
		case 4:
			sum.Cut = []string{"files", "tools"}
			sum.Files = map[string]schema.FileCount{}
		case 5:
			sum.CostUSD, sum.DurationMS, sum.Title = nil, nil, nil
		}
		out = append(out, sum)
	}
	return out
}

func catalogOf(records []*schema.Summary) *catalog {
	c := &catalog{list: &library.List{}}
	for _, sum := range records {
		c.add(library.Stored{Name: sum.SessionID, Summary: sum})
	}
	c.finish()
	return c
}

// TestRecordsComeBackWhole packs records into blocks and reads them again, all of them and some.
func TestRecordsComeBackWhole(t *testing.T) {
	records := variedRecords()
	c := catalogOf(records)
	by := map[string]*schema.Summary{}
	for _, sum := range records {
		by[sum.SessionID] = sum
	}
	for name, of := range map[string][]int32{"all": c.every(), "some": {0, 7, 64, 65, 190}, "none": {}} {
		seen := 0
		c.walk(t.Context(), c.blocksOf(of), allMaps, func(i int32, s library.Stored) {
			seen++
			if want := by[s.Name]; c.kept[i].name != s.Name || !reflect.DeepEqual(s.Summary, want) {
				t.Errorf("%s: %s is\n%+v\nwant\n%+v", name, s.Name, s.Summary, want)
			}
		})
		if seen != len(of) {
			t.Errorf("%s: %d of %d", name, seen, len(of))
		}
	}
}

// TestASearchReadsAllThatItAsksFor compares what a filter of each kind chooses by the maps that it is thought to need
// with what it chooses by whole records.
func TestASearchReadsAllThatItAsksFor(t *testing.T) {
	records := variedRecords()
	c := catalogOf(records)
	searches := strings.Fields(`tool:Bash -tool:Grep file:orders -file:orders model:opus agent:Explore -agent:reviewer project:orders repo:orders branch:main user:dev host:build*
		environment:x -tag:nightly tag:nightly skill:pdf -skill:pdf id:s00 day:2026-11 -day:2026-11-20 outcome:completed meta:team=shop cost:>0.3 tokens:>1M time:>10m
		error:>3 after:2026-11-20 before:2026-11-20 cwd:/home/dev`)
	for _, kind := range schema.SignalKinds() {
		searches = append(searches, "signal:"+string(kind))
	}
	for _, name := range strings.Fields("errors subagents cost title tags tools signals files skills compactions approvals rewrites retries parent branch repo user host environment agent project") {
		searches = append(searches, "has:"+name, "-has:"+name)
	}
	for _, key := range query.Keys() {
		if !strings.Contains(strings.Join(searches, " "), key+":") {
			t.Errorf("no search by %s is tried", key)
		}
	}
	for _, typed := range searches {
		parsed, err := query.ParseSearch(typed, time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC))
		if err != nil {
			t.Errorf("%s: %v", typed, err)
			continue
		}
		for _, part := range each(t.Context(), c, c.every(), mapsOf(parsed), func(wrong *[]string, i int32, s library.Stored) {
			fits, sure := parsed.Judge(s.Summary)
			var sum *schema.Summary
			for _, one := range records {
				if one.SessionID == s.Name {
					sum = one
				}
			}
			if wantFits, wantSure := parsed.Judge(sum); fits != wantFits || sure != wantSure {
				*wrong = append(*wrong, fmt.Sprintf("%s: %v %v, want %v %v", s.Name, fits, sure, wantFits, wantSure))
			}
		}) {
			if len(part) > 0 {
				t.Errorf("%s: %d are judged otherwise: %s", typed, len(part), part[0])
			}
		}
	}
}
