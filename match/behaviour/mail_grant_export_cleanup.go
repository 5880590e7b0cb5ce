package behaviour

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// mailGrantExportCleanup finds an account that gives itself or another a role over mailboxes, searches
// or exports them, and takes its traces away.
//
// Nobody has the roles "Mailbox Import Export" and "ApplicationImpersonation" in Exchange from the start, so
// whoever wants mailboxes has to give them first (learn.microsoft.com, "Mailbox imports and exports");
// intruders who came by ProxyShell did it as their first command and removed the request as their last
// (Mandiant, "PST, Want a Shell?", September 2021). In Microsoft 365 the same is done with roles of
// eDiscovery and with permissions of applications (Mail.Read, full_access_as_app).
//
// Administrators who export a leaver's mailbox do the first two steps too, and good ones the third: the
// level rises with the third, and with a target that is no place for exports.
func mailGrantExportCleanup() Analytic {
	return Analytic{
		Rule: Rule{
			ID:          "mail-grant-export-cleanup",
			Title:       "Mailbox Role Given, Mail Searched or Exported, Traces Removed",
			Level:       "high",
			Description: "One account gave a role or permission over mailboxes, searched or exported mail, and removed the request, the search or the role within a day.",
			Why: "The roles that exports need are given to nobody from the start. Who gives one, uses it and takes everything back within a day " +
				"wants mail and does not want to be asked about it.",
			Benign: "Administrators who export the mailbox of somebody who leaves give themselves the role first, and tidy up: ask for the order. " +
				"The target is then a .pst file on a share for it.",
			Next: []string{
				"Look at the sign-in of the account before the first step: from where, by which program; for machine accounts and SYSTEM at what the web server ran.",
				"Find the file of the export, and who read it: shares, and requests to the web server for a file that is fetched once.",
				"List all role assignments that are there now, and who got them.",
			},
			Tags: []string{"attack.collection", "attack.persistence", "attack.defense-evasion", "attack.t1098.002", "attack.t1114.002", "attack.t1070.008"},
			References: []string{
				"https://learn.microsoft.com/exchange/recipients/mailbox-import-and-export/mailbox-import-and-export",
				"https://cloud.google.com/blog/topics/threat-intelligence/pst-want-shell-proxyshell-exploiting-microsoft-exchange-servers",
			},
		},
		Views: []View{Cmdlet},
		Params: []Param{
			{"hours", 24, "hours", "longest time from a grant to the search or export, and from that to the clean-up"},
		},
		Lists: []List{{"roles", []string{
			"mailbox import export", "mailbox search", "applicationimpersonation", "ediscovery", "discovery management", "organization management", "compliance search", "exchange administrator",
			"full_access_as_app", "mail.read", "ews.accessasuser", "exchange.manageasapp",
		}, "roles and permissions that open mailboxes of others; part of the name, without regard to case"}},
		New: func(s Settings) (func() State, error) {
			roles := slices.Clone(s.List("roles"))
			for i := range roles {
				roles[i] = strings.ToLower(roles[i])
			}
			within := s.Hours("hours")
			return func() State {
				return &grantState{within: within, roles: roles, seen: bag[grantStep]{max: maxGrantSteps}}
			}, nil
		},
	}
}

// maxGrantSteps is how many grants, searches, exports and clean-ups are kept: large tenants have some
// thousands a month.
const maxGrantSteps = 50_000

type grantState struct {
	within time.Duration
	roles  []string
	seen   bag[grantStep]
}

type grantStep struct {
	actor   string
	command mailCommand
	name    string
	// text is the role that was given, or where an export goes.
	text string
	Ref
}

// See keeps what is one of the three steps and was carried out.
func (s *grantState) See(r *Record) {
	name, parameters, kind := r.Text(CmdName), r.Text(CmdParameters), r.command()
	if kind != grantCommand && kind != searchCommand && kind != exportCommand && kind != cleanCommand {
		return
	}
	if r.Time().IsZero() || failedCommand(r) {
		return
	}
	text := ""
	switch kind {
	case grantCommand:
		if text = s.role(name, parameters); text == "" {
			return
		}
	case exportCommand:
		text = string(parameter(parameters, "filepath"))
	}
	actor := commandActor(r)
	s.seen.add(grantStep{actor, kind, string(name), Short(text, maxWhat), r.Ref(fmt.Sprintf("%s by %s: %s", name, actor, parameters[:min(len(parameters), maxWhat)]))})
}

// role gives the role that is given, "" if it is none that opens mailboxes.
func (s *grantState) role(name, parameters []byte) string {
	if hasPrefixFold(name, "caseadminadded") || hasPrefixFold(name, "add-ediscovery") {
		return "ediscovery"
	}
	if hasPrefixFold(name, "add-mailboxpermission") {
		return "full access"
	}
	if hasPrefixFold(name, "set-mailboxauditbypass") {
		return "no audit of what the account does"
	}
	for _, role := range s.roles {
		if containsFold(parameters, role) {
			return role
		}
	}
	return ""
}

// Join adds a later piece of evidence.
func (s *grantState) Join(later State) { s.seen.join(&later.(*grantState).seen) }

// Finish looks, actor by actor, from each grant and each export for what follows within the time.
func (s *grantState) Finish(f *Finishing) {
	s.seen.noteDropped(f, "grants, searches and exports of mailboxes")
	steps := s.seen.sorted(func(a, b grantStep) int {
		return cmp.Or(strings.Compare(a.actor, b.actor), compareRefs(a.Ref, b.Ref), strings.Compare(a.name, b.name))
	})
	steps = slices.CompactFunc(steps, sameCommand)
	for own := range runsOf(steps, func(first, _, next *grantStep) bool {
		return next.actor == first.actor
	}) {
		s.actor(f, own)
	}
}

// sameCommand tells whether two logs tell of one command: the event log and the text log of the
// cmdlets have it both, with times that differ a little.
func sameCommand(a, b grantStep) bool {
	return a.actor == b.actor && a.name == b.name && a.Source.Path != b.Source.Path && b.Time.Sub(a.Time) <= 2*time.Second
}

func (s *grantState) actor(f *Finishing, steps []grantStep) {
	for i := 0; i < len(steps); {
		chain, next := s.chain(steps, i)
		if len(chain) > 1 {
			f.Emit(grantEpisode(f, chain))
		}
		i = next
	}
}

// chain gives the steps that belong to the one at from: grants, then searches and exports, then what
// cleans up; each within the time of the step before. next is where to go on: behind them if there is
// a chain, else at the next step.
func (s *grantState) chain(steps []grantStep, from int) (chain []grantStep, next int) {
	if steps[from].command == cleanCommand {
		return nil, from + 1
	}
	chain = steps[from : from+1 : from+1]
	stage, collected := steps[from].command, steps[from].command != grantCommand
	next = from + 1
	for ; next < len(steps) && steps[next].Time.Sub(chain[len(chain)-1].Time) <= s.within; next++ {
		step := steps[next]
		if step.command == grantCommand && collected || step.command == cleanCommand && !collected || stage == cleanCommand && step.command != cleanCommand {
			break
		}
		collected = collected || step.command != grantCommand
		stage = step.command
		chain = append(chain, step)
	}
	kinds := map[mailCommand]bool{}
	for _, step := range chain {
		kinds[step.command] = true
	}
	if !collected || !kinds[grantCommand] && !kinds[cleanCommand] {
		return nil, next
	}
	return chain, next
}

// someonesWork is how long somebody must search and export day by day for it to be what he is there for.
const someonesWork = 7 * 24 * time.Hour

func grantEpisode(f *Finishing, chain []grantStep) Episode {
	var counts [ownSearch + 1]int
	var names, roles, targets []string
	odd := ""
	e := Episode{Group: []NamedValue{{"account", chain[0].actor}}}
	for _, step := range chain {
		counts[step.command]++
		names = appendNew(names, step.name)
		switch step.command {
		case grantCommand:
			roles = appendNew(roles, step.text)
		case exportCommand:
			if step.text != "" {
				targets = appendNew(targets, step.text)
			}
			odd = cmp.Or(odd, oddTarget(step.text))
		}
		e.Refs = append(e.Refs, step.Ref)
	}
	took := chain[len(chain)-1].Time.Sub(chain[0].Time)
	e.Summary = fmt.Sprintf("%s: %s within %s", chain[0].actor, strings.Join(names, ", "), duration(took))
	e.Facts = []NamedValue{
		{"grants", fmt.Sprint(counts[grantCommand])}, {"searches", fmt.Sprint(counts[searchCommand])},
		{"exports", fmt.Sprint(counts[exportCommand])}, {"clean-ups", fmt.Sprint(counts[cleanCommand])},
	}
	for _, v := range []NamedValue{{"roles", strings.Join(roles, ", ")}, {"exported to", strings.Join(targets, ", ")}, {"the target is odd", odd}} {
		if v.Value != "" {
			e.Facts = append(e.Facts, NamedValue{v.Name, Short(v.Value, maxWhat)})
		}
	}
	e.Level = f.rule.Level
	if counts[grantCommand] == 0 || counts[cleanCommand] == 0 {
		e.Level = levelBelow(e.Level)
	}
	if counts[grantCommand] == 0 && odd == "" {
		e.Level = levelBelow(e.Level)
		e.Caveats = append(e.Caveats, "no grant is in the evidence: to remove a request that is done is usual")
	}
	if took >= someonesWork {
		e.Level = levelBelow(e.Level)
		e.Caveats = append(e.Caveats, fmt.Sprintf("it went on for %s without a day's pause: perhaps this is the account's work", duration(took)))
	}
	if odd != "" {
		e.Level = levelAbove(e.Level)
	}
	return e
}
