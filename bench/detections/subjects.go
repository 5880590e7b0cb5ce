package main

import "regexp"

// A subject is what issue writers and analysts ask for by name; names and labels of recordings say which
// are about it.
type subject struct {
	title, about string
	pattern      *regexp.Regexp
}

func (s subject) is(r recording) bool {
	return s.pattern.MatchString(r.set + "/" + r.name + ": " + r.label)
}

// subjects are those that the first pack is to prove itself on.
func subjects() []subject {
	return []subject{
		{"Web shells", "Pages that run commands, and what the worker of a web server does for them.",
			regexp.MustCompile(`(?i)web.?shell|_iis_|tunna|logs/web/|crowdsec/web/.*(backdoor|shell)`)},
		{"ProxyLogon-like chains", "Requests by which Exchange or an appliance is made to run code, and changes of Exchange afterwards.",
			regexp.MustCompile(`(?i)exchange|proxylogon|proxyshell|proxynotshell|owassrf|cve-2020-5902`)},
		{"MSSQL abuse", "SQL Server: features that run code, logins that are guessed, accounts and rights.",
			regexp.MustCompile(`(?i)^evtx/.*(mssql|sql ?server|sqlcmd|xp_?cmdshell|sqlsvr)|mssql`)},
		{"WMI execution", "Programs started by WMI, from afar or by a subscription.",
			regexp.MustCompile(`(?i)wmi`)},
		{"Potatoes", "A service account becomes LocalSystem through a pipe or a forced sign-in.",
			regexp.MustCompile(`(?i)potato|seimpersonate|imperson_netsvc|roguewinrm|printspoofer`)},
		{"Impacket", "Semi-interactive shells over WMI, SMB, DCOM and tasks, and the secrets they fetch.",
			regexp.MustCompile(`(?i)impacket|wmiexec|smbexec|atexec|atsvc|dcomexec|secretsdump|smbmap|temp_scheduled_task`)},
		{"DNS tunnelling", "Data in names. No recording has a tunnel: the detection (N01) is shown by synthetic events in match/behaviour. Those that mention DNS are listed.",
			regexp.MustCompile(`(?i)dns`)},
		{"Mail access in Microsoft 365", "Audit logs of the tenant. No recording has mailboxes that are read or searched: the detections (E16, E17) are shown by synthetic events in packs and match/behaviour.",
			regexp.MustCompile(`(?i)panther/microsoft_rules|office365|o365`)},
	}
}

// whyMissed is the cause for which a recording of a subject raises nothing of level medium or above.
func whyMissed(r recording) string {
	for _, m := range misses() {
		if m.pattern.MatchString(r.set + "/" + r.name) {
			return m.why
		}
	}
	return unexplained
}

// unexplained is what is said of a recording for which no cause is known.
const unexplained = "**not explained**"

// A miss is a cause and the names of the recordings that it explains.
type miss struct {
	pattern *regexp.Regexp
	why     string
}

// misses are the causes that are known. A recording that none explains is told as such.
func misses() []miss {
	return []miss{
		{regexp.MustCompile(`http-backdoor`), "a scanner asks for pages that are not there (404): tried, not done"},
		{regexp.MustCompile(`Runas_4624_4648_Webshell`), "sign-ins of a service account with another one's password: a page calls that by design, too"},
		{regexp.MustCompile(`privexchange`), "the relayed sign-in leaves nothing in these events that is odd by itself"},
		{regexp.MustCompile(`exchange-(pop|smtp|imap)`), "guessed passwords of mailboxes over POP and SMTP: outside of the subject of the packs, refused each time"},
		{regexp.MustCompile(`sqlcmd tool abuse`), "an interactive sign-in with sqlcmd is everyday work of administrators"},
		{regexp.MustCompile(`only Windows auth|mssql-text-logs`), "single failures of logins are everyday noise: low; it is medium from many accounts on, and high if one gets in"},
		{regexp.MustCompile(`wmic_xsl|wmic_remote_xsl`), "a trick of WMIC on one's own computer; nothing is started from afar and no server is touched: outside of the subject of the packs"},
		{regexp.MustCompile(`LM_WMIC_4648`), "only sign-ins with another password (4648) on the computer that calls: administrators' tools leave the same"},
		{regexp.MustCompile(`LM_WMI_4624_4688`), "the events name neither the parent nor the command of what WMI started (a calculator): 4688 has both from Windows 10 on, and command lines if they are audited"},
		{regexp.MustCompile(`DCOMexec process spawned`), "only the start of mmc.exe for DCOM is recorded, which consoles do too; what it started is not there"},
		{regexp.MustCompile(`DLL loaded by DNS server|DNS server auditing|DNS hosts files`), "about the DNS server or the hosts file, not about tunnels"},
		{regexp.MustCompile(`microsoft_rules`), "sharing of documents, sign-in factors and endpoint alerts, not mail"},
		{regexp.MustCompile(`office365`), "the names of services' alerts without their values; no access to mailboxes"},
	}
}
