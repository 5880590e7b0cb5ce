package sigma

import (
	"testing"

	"aldebaran/event"
)

func viewEvent(product, category, service, channel string, id uint32, fields ...string) *event.Event {
	e := &event.Event{Shape: &event.Shape{}, Product: product, Category: category, Service: service, Channel: channel, EventID: id}
	for i := 0; i < len(fields); i += 2 {
		e.Shape.Fields = append(e.Shape.Fields, event.Field{Name: fields[i]})
		kind := event.Text
		if fields[i+1] == "" {
			kind = event.Null
		}
		e.Values = append(e.Values, event.Value{Raw: []byte(fields[i+1]), Kind: kind})
	}
	return e
}

// A view reads what several makers call by several names under the names of rules.
func TestViews(t *testing.T) {
	views, err := NewViews([]ViewSpec{
		{Name: "process", Sources: []Logsource{{Product: "windows", Category: "process_creation"}}, Fields: []string{"Image", "CommandLine", "OriginalFileName"}},
		{Name: "web", Sources: []Logsource{{Category: "webserver"}}, Fields: []string{"cs-uri-stem", "cs-uri-query", "c-ip"}},
		{Name: "logon", Sources: []Logsource{{Product: "windows", Service: "security"}}, EventIDs: []uint32{4624, 4625}, Fields: []string{"TargetUserName"}},
		{Name: "registry", Sources: []Logsource{{Product: "windows", Category: "registry_set"}}, Fields: []string{"TargetObject", "Details"}},
		{Name: "sql", Sources: []Logsource{{Product: "windows", Service: "mssqlserver"}}, Fields: []string{"server_principal_name", "client_ip"}},
		{Name: "network", Sources: []Logsource{{Product: "windows", Category: "network_connection"}, {Category: "network", Service: "connection"}}, Fields: []string{"src_ip|SourceIp", "dst_ip|DestinationIp"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := views.NewReader()
	f := func(e *event.Event, want ...any) {
		t.Helper()
		seen := r.See(e)
		if len(want) == 0 {
			if len(seen) != 0 {
				t.Errorf("seen in %v, want none", seen)
			}
			return
		}
		view := want[0].(int)
		if len(seen) != 1 || seen[0] != view {
			t.Fatalf("seen in %v, want %d alone", seen, view)
		}
		for i, w := range want[1:] {
			if got := string(r.Text(view, i)); got != w {
				t.Errorf("view %d field %d = %q, want %q", view, i, got, w)
			}
		}
	}
	for range 2 { // the second time from what is remembered
		f(viewEvent("windows", "", "", "Microsoft-Windows-Sysmon/Operational", 1, "Image", `C:\a.exe`, "CommandLine", "a -b", "OriginalFileName", "-"), 0, `C:\a.exe`, "a -b", "")
		f(viewEvent("windows", "", "", "Security", 4688, "NewProcessName", `C:\a.exe`, "CommandLine", ""), 0, `C:\a.exe`, "", "")
		f(viewEvent("windows", "", "", "Security", 4624, "TargetUserName", "sa"), 2, "sa")
		f(viewEvent("windows", "", "", "Security", 4634, "TargetUserName", "sa"))
		f(viewEvent("", "webserver", "iis", "", 0, "cs-uri-stem", "/owa/", "cs-uri-query", "a=%41", "c-ip", "203.0.113.7"), 1, "/owa/", "a=%41", "203.0.113.7")
		f(viewEvent("windows", "", "", "Security", 4657, "OperationType", "%%1905", "ObjectName", `\REGISTRY\MACHINE\SYSTEM\X`, "ObjectValueName", "v", "NewValue", "n"), 3, `HKLM\SYSTEM\X\v`, "n")
		f(viewEvent("windows", "", "", "Security", 4657, "OperationType", "%%1906", "ObjectName", "x", "ObjectValueName", "v"))
		f(viewEvent("windows", "", "", "Microsoft-Windows-Sysmon/Operational", 3, "SourceIp", "192.0.2.1", "DestinationIp", "192.0.2.2"), 5, "192.0.2.1", "192.0.2.2")
		f(viewEvent("windows", "", "", "Security", 5156, "SourceAddress", "192.0.2.1", "DestAddress", "192.0.2.2"), 5, "192.0.2.1", "192.0.2.2")
		f(viewEvent("zeek", "", "conn", "", 0, "id.orig_h", "192.0.2.1", "id.resp_h", ""), 5, "192.0.2.1", "")
		e := viewEvent("windows", "", "", "Application", 18456, "Provider_Name", "MSSQLSERVER", "Data", "sa", "Data", " Reason: x", "Data", " [CLIENT: 192.0.2.1]")
		e.Provider = "MSSQLSERVER"
		f(e, 4, "sa", "192.0.2.1")
		f(viewEvent("windows", "", "", "Application", 18456, "Provider_Name", "Other"))
	}
	if !views.Serves(2, Kind{Product: "windows", Channel: "Security", EventIDs: map[uint32]int{4625: 3}}) ||
		views.Serves(2, Kind{Product: "windows", Channel: "Security", EventIDs: map[uint32]int{4688: 3}}) ||
		!views.Serves(1, Kind{Category: "webserver", Service: "access"}) {
		t.Error("Serves does not tell which kinds of log a view has")
	}
	if _, err := NewViews([]ViewSpec{{Name: "x", Sources: []Logsource{{Product: "no-such"}}}}); err == nil {
		t.Error("an unknown log source is taken")
	}
}

// TestViewsAllocate keeps looking at events free of cost.
func TestViewsAllocate(t *testing.T) {
	views, err := NewViews([]ViewSpec{{Name: "process", Sources: []Logsource{{Product: "windows", Category: "process_creation"}}, Fields: []string{"Image", "User"}}})
	if err != nil {
		t.Fatal(err)
	}
	r := views.NewReader()
	e := viewEvent("windows", "", "", "Security", 4688, "NewProcessName", `C:\a.exe`, "SubjectUserName", "u", "SubjectDomainName", "D")
	if n := testing.AllocsPerRun(100, func() {
		for _, v := range r.See(e) {
			if string(r.Text(v, 1)) != `D\u` {
				t.Fatalf("user is %q", r.Text(v, 1))
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations an event, want none", n)
	}
}
