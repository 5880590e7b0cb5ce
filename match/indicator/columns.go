package indicator

import (
	"strings"

	"aldebaran/event"
)

// A knownLog is a kind of log, by columns that it alone has, of which the maker says what else its columns
// hold. In other logs the same names may mean something else.
type knownLog struct {
	marks []string
	// nothing are columns that can hold no indicator, in lower case, parted by blanks: counts, ports, durations,
	// flags, identifiers, and words out of a list that the program has.
	nothing string
	// addresses are columns that hold addresses of the internet and nothing else, written likewise.
	addresses string
}

// knownLogs are those with columns beside [identifiers] and [enumerations] that are not worth a look.
var knownLogs = [...]knownLog{
	// https://docs.zeek.org/en/current/script-reference/log-files.html, conn.log, dns.log and the heads of all others.
	{[]string{"uid", "id.orig_h"}, `uid id.orig_p id.resp_p duration orig_bytes resp_bytes local_orig local_resp missed_bytes
		orig_pkts orig_ip_bytes resp_pkts resp_ip_bytes tunnel_parents ip_proto trans_id rtt qclass qtype rcode
		aa tc rd ra z ttls rejected trans_depth request_body_len response_body_len status_code`, "id.orig_h id.resp_h"},
	// Exchange writes them itself in each record of HttpProxy; ClientRequestId and ProtocolAction are the client's.
	{[]string{"ProtocolAction", "BackEndStatus"}, `requestid majorversion minorversion buildversion revisionversion protocol
		isauthenticated httpstatus backendstatus method proxyaction requestbytes responsebytes targetserverversion`, "clientipaddress c-ip"},
	// https://learn.microsoft.com/en-us/office/office-365-management-api/office-365-management-activity-api-schema,
	// the schema that all records have in common, and counts of Exchange's.
	{[]string{"CreationTime", "RecordType", "Workload"}, `id creationtime operation organizationid recordtype usertype version workload
		resultstatus itemtype appid applicationid operationcount`, "clientip clientipaddress"},
	// https://mariadb.com/kb/en/mariadb-audit-plugin-log-format/
	{[]string{"query_id", "retcode"}, `thread_id query_id retcode command`, "client_ip"},
	// http://www.postfix.org/postconf.5.html#enable_long_queue_ids, DELIVERY STATUS in smtp(8); component is a name of a
	// program of Postfix, action and result are our own words.
	{[]string{"queue_id", "component"}, `queue_id component size nrcpt delay delays dsn action result`, "client_ip"},
	// https://www.w3.org/TR/WD-logfile, "Field identifiers", as IIS writes it: these are the ends of the connection. Names
	// that a server makes of them or is told by clients have columns of their own.
	{[]string{"date", "time", "s-ip", "sc-win32-status"}, "", "c-ip s-ip"},
}

// logOf tells which kind of log a layout is of, nil if it is none of those that we know.
func logOf(s *event.Shape) *knownLog {
next:
	for i := range knownLogs {
		for _, name := range knownLogs[i].marks {
			if len(s.Lookup(name)) == 0 {
				continue next
			}
		}
		return &knownLogs[i]
	}
	return nil
}

// leavesOut tells whether a column is known to hold nothing of what is looked for.
func (l *knownLog) leavesOut(name string, addresses bool) bool {
	if l == nil {
		return false
	}
	name = strings.ToLower(name)
	return listed(l.nothing, name) || !addresses && listed(l.addresses, name)
}

func listed(words, word string) bool {
	for w := range strings.FieldsSeq(words) {
		if w == word {
			return true
		}
	}
	return false
}
