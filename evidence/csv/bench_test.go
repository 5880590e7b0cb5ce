package csv

import (
	"fmt"
	"testing"
)

func BenchmarkRead(b *testing.B) {
	for _, c := range []struct{ name, head, row string }{
		{"plain", "TimeGenerated [UTC],Computer,EventID,Channel,EventSourceName,Account,Process\n", "\"6/13/2026, 6:33:%02d.125 PM\",srv1.example.org,4624,Security,Microsoft-Windows-Security-Auditing,EXAMPLE\\ann,C:\\Windows\\System32\\svchost.exe\n"},
		{"auditdata", "CreationDate,UserIds,Operations,AuditData\n", "2026-06-03T06:33:%02d.0000000Z,ann@example.org,New-InboxRule,\"{\"\"CreationTime\"\":\"\"2026-06-03T06:33:00\"\",\"\"Workload\"\":\"\"Exchange\"\",\"\"Operation\"\":\"\"New-InboxRule\"\",\"\"RecordType\"\":1,\"\"UserId\"\":\"\"ann@example.org\"\",\"\"ClientIP\"\":\"\"192.0.2.1\"\",\"\"Parameters\"\":[{\"\"Name\"\":\"\"MoveToFolder\"\",\"\"Value\"\":\"\"RSS\"\"}]}\"\n"},
	} {
		b.Run(c.name, func(b *testing.B) {
			data := []byte(c.head)
			for i := range 20_000 {
				data = fmt.Appendf(data, c.row, i%60)
			}
			format().Bench(b, data)
		})
	}
}
