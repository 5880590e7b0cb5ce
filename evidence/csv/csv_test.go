package csv

import (
	"archive/zip"
	"bytes"
	stdcsv "encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/readertest"
)

// All tables here are synthetic; they show what an export looks like.

func format() readertest.Format[*File, *Reader] {
	return readertest.Format[*File, *Reader]{Sniff: Sniff, Open: Open, NewReader: NewReader, Show: show, Promises: promises}
}

// show writes an event on one line.
func show(e *event.Event) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s/%s/%s", e.Product, e.Category, e.Service)
	if e.Product == "windows" {
		fmt.Fprintf(&b, " %s %s %d %s %d", e.Channel, e.Provider, e.EventID, e.Computer, e.RecordID)
	}
	if e.Time.IsZero() {
		b.WriteString(" no time")
	} else {
		b.WriteString(e.Time.Format(" 2006-01-02T15:04:05.999Z"))
	}
	for i, f := range e.Shape.Fields {
		if e.Values[i].IsNull() {
			fmt.Fprintf(&b, " %s:null", f.Name)
		} else {
			fmt.Fprintf(&b, " %s=%q", f.Name, e.Values[i].String())
		}
	}
	return b.String()
}

func TestRead(t *testing.T) {
	const plain = "time,user,action\n2026-06-03T06:33:00Z,ann,log in\n"
	want := []string{`// 2026-06-03T06:33:00Z time="2026-06-03T06:33:00Z" user="ann" action="log in"`}
	for _, c := range []struct {
		name, in string
		want     []string
		damage   []string
	}{
		{"commas", plain, want, nil},
		{"semicolons, and Excel", "sep=;\r\n" + strings.ReplaceAll(strings.ReplaceAll(plain, ",", ";"), "\n", "\r\n"), want, nil},
		{"tabs in UTF-16", string(readertest.UTF16(strings.ReplaceAll(plain, ",", "\t"))), want, nil},
		{"a byte order mark", "\xef\xbb\xbf" + plain, want, nil},
		{"PowerShell", "#TYPE System.Management.Automation.PSCustomObject\n" + strings.ReplaceAll(strings.ReplaceAll(`"`+plain[:len(plain)-1]+`"`, ",", `","`), "\n", "\"\n\"") + "\n", want, nil},
		{"put together", plain + plain, []string{want[0], want[0]}, nil},
		{"quotes", "time,a,b\n2026-06-03T06:33:00Z,\"x, \"\"y\"\"\nz\",\"\"\n2026-06-03T06:33:01Z,,say \"hi\"\n", []string{
			`// 2026-06-03T06:33:00Z time="2026-06-03T06:33:00Z" a="x, \"y\"\nz" b=""`,
			`// 2026-06-03T06:33:01Z time="2026-06-03T06:33:01Z" a:null b="say \"hi\""`,
		}, nil},
		{"rows of other lengths", "time,a,b\n2026-06-03T06:33:00Z,1,2\n2026-06-03T06:33:01Z,1,2\n2026-06-03T06:33:02Z,1,2\n2026-06-03T06:33:03Z,1,2\n2026-06-03T06:33:04Z,1,2,3\n2026-06-03T06:33:05Z,1\n2026-06-03T06:33:06Z\n", []string{
			`// 2026-06-03T06:33:00Z time="2026-06-03T06:33:00Z" a="1" b="2"`, `// 2026-06-03T06:33:01Z time="2026-06-03T06:33:01Z" a="1" b="2"`,
			`// 2026-06-03T06:33:02Z time="2026-06-03T06:33:02Z" a="1" b="2"`, `// 2026-06-03T06:33:03Z time="2026-06-03T06:33:03Z" a="1" b="2"`,
			`// 2026-06-03T06:33:04Z time="2026-06-03T06:33:04Z" a="1" b="2" column4="3"`, `// 2026-06-03T06:33:05Z time="2026-06-03T06:33:05Z" a="1" b:null`,
		}, []string{"109: columns: want 3 columns, found 4, lost 0", "136: columns: want 3 columns, found 2, lost 0", `159: row: want 3 columns, found 1: "2026-06-03T06:33:06Z", lost 1`}},
		{"a quote that does not end", plain + "2026-06-03T06:33:01Z,\"bob,x\n2026-06-03T06:33:02Z,eve,y\n", []string{
			want[0], `// 2026-06-03T06:33:01Z time="2026-06-03T06:33:01Z" user="\"bob" action="x"`, `// 2026-06-03T06:33:02Z time="2026-06-03T06:33:02Z" user="eve" action="y"`,
		}, []string{"49: row: want a quote that ends the text, found the end of the file; it may be half written, lost 0"}},
		{"days of a region", "When,Who,What\n03.06.2026 18:33:00,a,b\n", []string{`// 2026-06-03T18:33:00Z When="03.06.2026 18:33:00" Who="a" What="b"`}, nil},
		{"Sentinel", "TimeGenerated [UTC],Computer,EventID,Channel,EventSourceName,Account\n\"6/13/2026, 6:33:00.125 PM\",srv1,4624,Security,Microsoft-Windows-Security-Auditing,a\n", []string{
			`windows// Security Microsoft-Windows-Security-Auditing 4624 srv1 0 2026-06-13T18:33:00.125Z TimeGenerated="6/13/2026, 6:33:00.125 PM" Computer="srv1" EventID="4624" Channel="Security" Provider_Name="Microsoft-Windows-Security-Auditing" Account="a"`,
		}, nil},
		{"Microsoft 365", "CreationDate,UserIds,Operations,AuditData\n2026-06-03T06:33:00.0000000Z,ann@example.org,New-InboxRule,\"{\"\"CreationTime\"\":\"\"2026-06-03T06:33:00\"\",\"\"Workload\"\":\"\"Exchange\"\",\"\"Operation\"\":\"\"New-InboxRule\"\",\"\"RecordType\"\":1}\"\n" +
			"2026-06-03T06:33:01.0000000Z,ann@example.org,Send,\"{\"\"CreationTime\"\":\"\"2026-06\"\n", []string{
			`m365//audit 2026-06-03T06:33:00Z CreationDate="2026-06-03T06:33:00.0000000Z" UserId="ann@example.org" Operation="New-InboxRule" CreationTime="2026-06-03T06:33:00" Workload="Exchange" Operation="New-InboxRule" RecordType="1"`,
			`m365//audit 2026-06-03T06:33:01Z CreationDate="2026-06-03T06:33:01.0000000Z" UserId="ann@example.org" Operation="Send" AuditData="{\"CreationTime\":\"2026-06"`,
		}, nil},
		{"Event Viewer", "Level,Date and Time,Source,Event ID,Task Category\nInformation,13/06/2026 18:33:00,Service Control Manager,7045,None,\"A service was installed in the system.\n\nService Name:  x\"\n", []string{
			`windows// System Service Control Manager 7045  0 2026-06-13T18:33:00Z Level="Information" TimeCreated="13/06/2026 18:33:00" Provider_Name="Service Control Manager" EventID="7045" TaskCategory="None" Message="A service was installed in the system.\n\nService Name:  x"`,
		}, nil},
		{"Event Viewer in German", "Ebene,Datum und Uhrzeit,Quelle,Ereignis-ID,Aufgabenkategorie\nInformationen,13.06.2026 18:33:00,Microsoft-Windows-Sysmon,1,(1),\"x\"\n", []string{
			`windows// Microsoft-Windows-Sysmon/Operational Microsoft-Windows-Sysmon 1  0 2026-06-13T18:33:00Z Ebene="Informationen" TimeCreated="13.06.2026 18:33:00" Provider_Name="Microsoft-Windows-Sysmon" EventID="1" TaskCategory="(1)" Message="x"`,
		}, nil},
		{"Defender XDR", "Timestamp,DeviceName,ActionType,FolderPath,ProcessCommandLine\n2026-06-03T06:33:00.5Z,srv1.example.org,ProcessCreated,C:\\a.exe,a -x\n", []string{
			`windows//defender-xdr   0 srv1.example.org 0 2026-06-03T06:33:00.5Z Timestamp="2026-06-03T06:33:00.5Z" DeviceName="srv1.example.org" ActionType="ProcessCreated" FolderPath="C:\\a.exe" ProcessCommandLine="a -x"`,
		}, nil},
		{"Entra sign-ins", "Date (UTC),Request ID,User,Username,Application,IP address,Status,Sign-in error code,Client app,Conditional Access\n2026-06-03T06:33:00Z,r1,Ann,ann@example.org,Portal,192.0.2.1,Failure,50126,Browser,Success\n", []string{
			`azure//signinlogs 2026-06-03T06:33:00Z createdDateTime="2026-06-03T06:33:00Z" id="r1" userDisplayName="Ann" userPrincipalName="ann@example.org" appDisplayName="Portal" ipAddress="192.0.2.1" status="Failure" status.errorCode="50126" clientAppUsed="Browser" conditionalAccessStatus="Success"`,
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !Sniff([]byte(c.in)) {
				t.Fatal("not recognised")
			}
			got, report := format().Read(t, []byte(c.in))
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("events (-want +got):\n%s", d)
			}
			if d := cmp.Diff(c.damage, readertest.Damage(report)); d != "" {
				t.Errorf("damage (-want +got):\n%s", d)
			}
		})
	}
}

func TestClock(t *testing.T) {
	riyadh := time.FixedZone("Asia/Riyadh", 3*3600)
	f := func(in string, opt lines.Options, zone string, assumed bool, want string) {
		t.Helper()
		got, report := format().With(opt).Read(t, []byte(in))
		if report.Clock.Zone != zone || report.Clock.Assumed != assumed || len(got) != 1 || !strings.Contains(got[0], want) {
			t.Errorf("%q: %q by %+v, want %s in %s, assumed %v", in, got, report.Clock, want, zone, assumed)
		}
	}
	f("time,a,b\n2026-06-03 06:33:00,1,2\n", lines.Options{}, "UTC", true, " 2026-06-03T06:33:00Z")
	f("time,a,b\n2026-06-03 06:33:00,1,2\n", lines.Options{Zone: riyadh}, "Asia/Riyadh", false, " 2026-06-03T03:33:00Z")
	f("time,a,b\n2026-06-03 06:33:00+02:00,1,2\n", lines.Options{Zone: riyadh}, "UTC", false, " 2026-06-03T04:33:00Z")
	f("time (UTC),a,b\n2026-06-03 06:33:00,1,2\n", lines.Options{Zone: riyadh}, "UTC", false, " 2026-06-03T06:33:00Z")
	f("time,a,b\n6/3/2026 6:33:00 PM,1,2\n", lines.Options{}, "UTC", true, " 2026-06-03T18:33:00Z")
	f("time,a,b\n6/3/2026 18:33,1,2\n", lines.Options{}, "UTC", true, " 2026-03-06T18:33:00Z")
}

func TestSniff(t *testing.T) {
	format().Sniffs(t, true,
		"CreationDate,UserIds,Operations,AuditData\n", // an export without rows
		"path,size,logged time\nx.evtx,69632,2026-06-03T06:33:00Z\n",
	)
	format().Sniffs(t, false,
		"a,b,c\n1,2,3\n", // no time
		"a,b,c\n",
		"2026-06-03 06:33:00,a,b\n2026-06-03 06:33:01,a,b\n",
		"Dear all, we met, and left.\nIt was 2026-06-03 06:33:00, or so, we think.\n",
		"Jun  3 06:33:00 host a, b, c\n",
		"#Fields: a,b,c\n2026-06-03T06:33:00Z,a,b\n",
		"{\"a\":1,\"b\":2,\"c\":3}\n",
		"<a,b,c>\n",
		"time,a,b\n2026-06-03T06:33:00Z,x\n2026-06-03T06:33:00Z\nfoo\nbar\n",
		"path,size,first_written_utc\nx.evtx,69632,2026-06-03T06:33:00Z\n", // an inventory
		"",
		"\"\n\n\n",
		strings.Repeat("\"x\n", 60_000),
		"time,a,b\n"+strings.Repeat("\"x\"y\n", 20_000),
	)
}

// TestSplit holds the splitter against encoding/csv where that reads a row at all.
func TestSplit(t *testing.T) {
	for _, row := range []string{"a,b,c", "a,,c", ",,", `"a","b"`, `"a,b",c`, `"a""b",c`, `"""",""`, "a", `"a
b",c`, `,"",`, `"x""",y`} {
		want, err := stdcsv.NewReader(strings.NewReader(row)).Read()
		if err != nil {
			t.Fatal(err)
		}
		s := splitter{separator: ','}
		if s.split([]byte(row), false) {
			t.Errorf("%q is open", row)
		}
		var got []string
		for _, v := range s.values {
			got = append(got, string(v.Raw))
		}
		if !slices.Equal(got, want) {
			t.Errorf("split(%q) = %q, want %q", row, got, want)
		}
	}
}

// TestHostileQuotes reads rows whose quotes never end in time that grows with the file.
func TestHostileQuotes(t *testing.T) {
	data := []byte("time,a,b\n2026-06-03T06:33:00Z,1,2\n" + strings.Repeat("2026-06-03T06:33:00Z,\"x\"y,2\n", 200_000))
	got, report := format().Read(t, data)
	if len(got) != 200_001 || len(report.Damage) == 0 || len(report.Damage) > lines.MaxDamage+1 {
		t.Errorf("%d events, %d places of damage", len(got), len(report.Damage))
	}
}

// TestManyValues reads a row whose AuditData has more values than an event may have: that is told.
func TestManyValues(t *testing.T) {
	data := `{""CreationTime"":""2026-06-03T06:33:00"",""Workload"":""x"",""Operation"":""y""` + strings.Repeat(`,""k"":1`, 5000) + "}"
	got, report := format().Read(t, []byte("CreationDate,UserIds,Operations,AuditData\n2026-06-03T06:33:00Z,a,b,\""+data+"\"\n"))
	if len(got) != 1 || len(report.Damage) != 1 || !strings.Contains(report.Damage[0].Want, "values") {
		t.Errorf("%d events, damage %+v; want one event and that not all values were read", len(got), report.Damage)
	}
}

// TestSteadyState holds that rows of a known layout allocate nothing.
func TestSteadyState(t *testing.T) {
	format().Allocates(t, []byte("time,a,b\n"+strings.Repeat("2026-06-03T06:33:00Z,\"x\"\"y\",2\n", 1000)), 20)
}

// TestCorpus reads the one table of the corpus that is evidence, and holds it against encoding/csv.
func TestCorpus(t *testing.T) {
	z, err := zip.OpenReader(corpustest.Path(t, "mordor/atomic/aws/discovery/aws_s3_honeybucketlogs.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	m, err := z.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(m)
	if err != nil {
		t.Fatal(err)
	}
	want, err := stdcsv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	events, report := format().Events(t, data)
	if len(events) != len(want)-1 || len(report.Damage) > 0 {
		t.Fatalf("%d events, want %d; damage %+v", len(events), len(want)-1, report.Damage)
	}
	for n, e := range events {
		row := want[n+1]
		for i, v := range e.Values {
			if e.Shape.Fields[i].Name != want[0][i] || string(v.Raw) != row[i] {
				t.Errorf("row %d: %s = %q, want %s = %q", n, e.Shape.Fields[i].Name, v.Raw, want[0][i], row[i])
			}
		}
		at, err := time.Parse(time.RFC3339, e.Text("Event DateTime"))
		if err != nil || !e.Time.Equal(at) {
			t.Errorf("row %d: time %v of %q", n, e.Time, e.Text("Event DateTime"))
		}
	}
}
