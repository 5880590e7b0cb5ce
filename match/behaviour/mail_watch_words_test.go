package behaviour

import (
	"testing"
	"time"
)

func TestMailWatchWords(t *testing.T) {
	min := time.Minute
	listed := Config{Words: []Words{{Language: "en", Subject: "meeting", Words: []string{"Nimbus Accord"}}}}
	export := func(after time.Duration, filter string) made {
		return cmdlet(after, "corp.example/Users/adm", "New-MailboxExportRequest", `-Mailbox "x" -ContentFilter "`+filter+`" -FilePath "\\files\pst\x.pst"`)
	}
	script := func(text string) made {
		return made{product: "windows", channel: "Microsoft-Windows-PowerShell/Operational", provider: "Microsoft-Windows-PowerShell", id: 4104, host: "MAIL01",
			fields: []string{"ScriptBlockText", text, "ScriptBlockId", "1"}}
	}
	for _, c := range []struct {
		name   string
		config Config
		events []made
		want   string
	}{
		{"an export with a filter", Config{}, []made{export(0, "(Subject -like '*summit*') -or (Body -like '*قمة*')")},
			"high: adm looked for \"summit\", \"قمة\" in mail (0 searches, 1 export or rule)\n"},
		{"a search by one word of the built-in list", Config{}, []made{cmdlet(0, `CORP\adm`, "Search-Mailbox", `-Identity "x" -SearchQuery "subject:embassy" -EstimateResultOnly`)},
			"medium: adm looked for \"embassy\" in mail (1 search, 0 exports or rules)\n"},
		{"a search by three", Config{}, []made{cmdlet(0, `CORP\adm`, "Search-Mailbox", `-Identity "x" -SearchQuery "embassy OR treaty"`), cmdlet(min, `CORP\adm`, "Search-Mailbox", `-Identity "x" -SearchQuery "峰会"`)},
			"high: adm looked for \"embassy\", \"treaty\", \"峰会\" in mail (2 searches, 0 exports or rules)\n"},
		{"a word of the configuration", listed, []made{cmdlet(0, `CORP\adm`, "Search-Mailbox", `-Identity "x" -SearchQuery 'nimbus  accord'`)},
			"high: adm looked for \"Nimbus Accord\" in mail (1 search, 0 exports or rules)\n"},
		{"Microsoft 365, parameters as a list", Config{}, []made{audit(0, "adm@corp.example", "New-ComplianceSearch",
			"Parameters.Name", "Name", "Parameters.Value", "case 7", "Parameters.Name", "ContentMatchQuery", "Parameters.Value", "subject:(sommet OR ambassade) AND militaires")},
			"high: adm looked for \"sommet\", \"ambassade*\", \"militaire*\" in mail (1 search, 0 exports or rules)\n"},
		{"a rule that forwards", Config{}, []made{audit(0, "u@corp.example", "New-InboxRule", "Parameters.Name", "SubjectContainsWords", "Parameters.Value", "سفارت;summit",
			"Parameters.Name", "ForwardTo", "Parameters.Value", "x@elsewhere.example")},
			"high: u looked for \"summit\", \"سفارت\" in mail (0 searches, 1 export or rule)\n"},
		{"a rule that files mail away", Config{}, []made{audit(0, "u@corp.example", "New-InboxRule", "Parameters.Name", "SubjectContainsWords", "Parameters.Value", "summit",
			"Parameters.Name", "MoveToFolder", "Parameters.Value", "Summit")}, ""},
		{"a user's own searches", Config{}, []made{audit(0, "u@corp.example", "SearchQueryInitiatedExchange", "QueryText", "summit"), audit(min, "u@corp.example", "SearchQueryInitiatedExchange", "QueryText", "embassy")}, ""},
		{"a user's own searches, many words", Config{}, []made{audit(0, "u@corp.example", "SearchQueryInitiatedExchange", "QueryText", "summit treaty ceasefire"),
			audit(min, "u@corp.example", "SearchQueryInitiatedExchange", "QueryText", "embassy military")},
			"medium: u looked for \"summit\", \"embassy\", \"treaty\", \"ceasefire\", \"military\" in mail (2 searches, 0 exports or rules)\n"},
		{"a script", Config{}, []made{script(`Get-Mailbox | New-MailboxExportRequest -ContentFilter {(Body -like "*armed forces*")} -FilePath \\localhost\c$\x.pst`)},
			"medium: script on mail01 looked for \"armed forces\" in mail (1 search, 0 exports or rules)\n"},
		{"the module of the cmdlets", Config{}, []made{script("function Search-Mailbox { param($SearchQuery) } # embassy")}, ""},
		{"names of mailboxes are no query", Config{}, []made{cmdlet(0, `CORP\adm`, "New-MailboxExportRequest", `-Mailbox "Embassy Paris" -FilePath "\\files\pst\embassy.pst"`)}, ""},
		{"a legal case", Config{}, []made{cmdlet(0, `CORP\legal`, "New-MailboxSearch", `-Name "Case 12" -SearchQuery "contract AND "Acme Ltd"" -SourceMailboxes "a"`)}, ""},
		{"another command", Config{}, []made{cmdlet(0, `CORP\adm`, "Set-Mailbox", `-Identity "summit" -Query "summit"`)}, ""},
	} {
		t.Run(c.name, func(t *testing.T) { wantEpisodes(t, c.config, "mail-watch-words", c.events, c.want) })
	}
}
