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
}

// knownLogs are those with columns beside [identifiers] and [enumerations] that are not worth a look.
var knownLogs = [...]knownLog{
	// https://docs.zeek.org/en/current/script-reference/log-files.html, conn.log, dns.log and the heads of all others.
	{[]string{"uid", "id.orig_h"}, `uid id.orig_p id.resp_p duration orig_bytes resp_bytes local_orig local_resp missed_bytes
		orig_pkts orig_ip_bytes resp_pkts resp_ip_bytes tunnel_parents ip_proto trans_id rtt qclass qtype rcode
		aa tc rd ra z ttls rejected trans_depth request_body_len response_body_len status_code`},
	// Exchange writes them itself in each record of HttpProxy; ClientRequestId and ProtocolAction are the client's.
	{[]string{"ProtocolAction", "BackEndStatus"}, `requestid majorversion minorversion buildversion revisionversion protocol
		isauthenticated httpstatus backendstatus method proxyaction requestbytes responsebytes targetserverversion`},
	// https://learn.microsoft.com/en-us/office/office-365-management-api/office-365-management-activity-api-schema,
	// the schema that all records have in common, and counts of Exchange's.
	{[]string{"CreationTime", "RecordType", "Workload"}, `id creationtime organizationid recordtype usertype version workload
		resultstatus itemtype appid applicationid operationcount`},
	// https://mariadb.com/kb/en/mariadb-audit-plugin-log-format/
	{[]string{"query_id", "retcode"}, `thread_id query_id retcode command`},
	// http://www.postfix.org/postconf.5.html#enable_long_queue_ids, DELIVERY STATUS in smtp(8); component is a name of a
	// program of Postfix, action and result are our own words.
	{[]string{"queue_id", "component"}, `queue_id component size nrcpt delay delays dsn action result`},
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

// leavesOut tells whether a column is known to hold nothing.
func (l *knownLog) leavesOut(name string) bool {
	if l == nil {
		return false
	}
	name = strings.ToLower(name)
	for n := range strings.FieldsSeq(l.nothing) {
		if n == name {
			return true
		}
	}
	return false
}
