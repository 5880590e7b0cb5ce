package behaviour

import (
	"testing"
	"time"
)

func TestHostLogGap(t *testing.T) {
	const h = time.Hour
	type events = []made
	cleared := func(after time.Duration, id uint32, channel string) made {
		if id == 1102 {
			return securityEvent(after, "SRV01", id, "SubjectUserName", "admin")
		}
		return systemEvent(after, "SRV01", id, "SubjectUserName", "admin", "Channel", channel)
	}
	gone := func(after time.Duration, target, image string) made {
		return sysmonEvent(after, "SRV01", 23, "TargetFilename", target, "Image", image, "User", `CORP\admin`)
	}
	const shell, iis, proxy = `C:\Windows\System32\cmd.exe`, `C:\inetpub\logs\LogFiles\W3SVC1\`, `C:\Program Files\Microsoft\Exchange Server\V15\Logging\HttpProxy\Owa\`
	// hourly makes a log and one beside it that speak every hour, the log but for some hours.
	hourly := func(channel string, hours, from, to int) (out events) {
		for i := range hours {
			if i < from || i >= to {
				out = append(out, made{after: time.Duration(i)*h + time.Minute, product: "windows", channel: channel, id: 1, host: "SRV01"})
			}
			out = append(out, made{after: time.Duration(i) * h, product: "windows", channel: "Application", id: 1, host: "SRV01"})
		}
		return out
	}
	var daily events
	for day := range 4 {
		daily = append(daily, gone(time.Duration(day)*24*h, iis+"extra.log", shell))
	}
	for _, c := range []struct {
		name   string
		events events
		want   string
	}{
		{"the Security log was cleared", events{cleared(0, 1102, "")}, "medium: log Security was cleared\n"},
		{"two logs were cleared", events{cleared(0, 1102, ""), cleared(time.Minute, 104, "System")}, "medium: 2 logs were cleared\n"},
		{"a recent log of IIS was deleted", events{gone(0, iis+"u_ex260309.log", shell)}, "high: " + iis + "u_ex260309.log, a recent log, was deleted\n"},
		{"a recent log of Exchange was deleted by the worker itself", events{gone(0, proxy+"HttpProxy_2026030906-1.LOG", `C:\Windows\System32\inetsrv\w3wp.exe`)},
			"high: " + proxy + "HttpProxy_2026030906-1.LOG, a recent log, was deleted\n"},
		{"cleared and deleted", events{cleared(0, 104, "Application"), gone(h, iis+"u_ex26030907.log", shell)},
			"critical: log Application was cleared; " + iis + "u_ex26030907.log, a recent log, was deleted\n"},
		{"a log without a date, by a shell", events{gone(0, iis+"extra.log", shell)}, "medium: " + iis + "extra.log was deleted by a program that does not look after logs\n"},
		{"Security is silent at night and comes back", hourly("Security", 120, 60, 70), "high: nothing was said in Security, for 10 hours\n"},
		{"another log is silent", hourly("Other", 120, 60, 70), "medium: nothing was said in Other, for 10 hours\n"},

		{"old logs are deleted", events{gone(0, iis+"u_ex260101.log", shell), gone(0, proxy+"HttpProxy_2026010106-1.LOG", `C:\Windows\System32\inetsrv\w3wp.exe`)}, ""},
		{"a job that does so every day", daily, ""},
		{"the log's own service", events{gone(0, iis+"extra.log", `C:\Program Files\Logs\rotate.exe`)}, ""},
		{"files elsewhere", events{gone(0, `C:\Temp\u_ex260309.log`, shell)}, ""},
		{"the host was off", func() (out events) {
			for _, e := range hourly("Security", 120, 200, 200) {
				if hour := int(e.after / h); hour < 60 || hour >= 70 {
					out = append(out, e)
				}
			}
			return out
		}(), ""},
		{"little evidence before", hourly("Security", 60, 20, 30), ""},
		{"a log that speaks now and then", func() (out events) {
			for _, e := range hourly("Security", 120, 60, 70) {
				if e.channel == "Application" || e.after/h%9 == 0 {
					out = append(out, e)
				}
			}
			return out
		}(), ""},
		{"an event 1102 of another log", events{{product: "windows", channel: "Application", id: 1102, host: "SRV01"}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) { wantEpisodes(t, Config{}, "host-log-gap", c.events, c.want) })
	}
}

// TestHostLogGapNotHandedIn: a silence over which the numbers of records go on is a file that is not
// there, which weighs less than a log in which nothing was written.
func TestHostLogGapNotHandedIn(t *testing.T) {
	for want, jump := range map[string]uint64{
		"high: nothing was said in Security, for 10 hours\n": 1,
		"medium: nothing was said in Security, for 10 hours (500 numbers of records are missing: they were written, and are not in the evidence)\n": 501,
	} {
		set, err := New(Config{})
		if err != nil {
			t.Fatal(err)
		}
		in, c, m := shapes{}, set.NewCollector(), set.NewMatcher()
		id := uint64(1000)
		for i := range 120 {
			if i < 60 || i >= 70 {
				e := securityEvent(time.Duration(i)*time.Hour, "SRV01", 4634).event(i, in)
				if id++; i == 70 {
					id += jump - 1
				}
				e.RecordID = id
				m.See(e)
			}
			m.See(systemEvent(time.Duration(i)*time.Hour, "SRV01", 1).event(i, in))
		}
		c.Join(m.Take())
		var found []Episode
		if err := c.Finish(func(e Episode) error { found = append(found, e); return nil }); err != nil {
			t.Fatal(err)
		}
		if got := lines(found); got != want {
			t.Errorf("episodes:\n%swant:\n%s", got, want)
		}
	}
}

// TestHostLogGapMissing: numbers of records that are not there.
func TestHostLogGapMissing(t *testing.T) {
	f := func(name, want string, ids ...[2]uint64) {
		t.Helper()
		set, err := New(Config{})
		if err != nil {
			t.Fatal(err)
		}
		for _, cuts := range []bool{false, true} {
			in := shapes{}
			c, m := set.NewCollector(), set.NewMatcher()
			for _, run := range ids {
				for id := run[0]; id <= run[1]; id++ {
					e := securityEvent(time.Duration(id)*time.Second, "SRV01", 4634).event(int(id), in)
					e.RecordID = id
					m.See(e)
					if cuts && id%100 == 0 {
						c.Join(m.Take())
					}
				}
			}
			c.Join(m.Take())
			var found []Episode
			if err := c.Finish(func(e Episode) error { found = append(found, e); return nil }); err != nil {
				t.Fatal(err)
			}
			if got := lines(found); got != want {
				t.Errorf("%s (cut: %v): episodes:\n%swant:\n%s", name, cuts, got, want)
			}
		}
	}
	f("a few in the middle", "medium: 5 records of Security are missing\n", [2]uint64{1, 400}, [2]uint64{406, 900})
	f("files in any order, read twice", "medium: 5 records of Security are missing\n", [2]uint64{406, 900}, [2]uint64{1, 400}, [2]uint64{300, 400})
	f("none", "", [2]uint64{1, 900})
	f("a file that was not handed in", "", [2]uint64{1, 400}, [2]uint64{5000, 5500})
	f("too few to tell", "", [2]uint64{1, 100}, [2]uint64{103, 200})
	f("filtered", "", [2]uint64{1, 200}, [2]uint64{202, 400}, [2]uint64{402, 600}, [2]uint64{602, 800}, [2]uint64{802, 1000})
}

func TestLogAge(t *testing.T) {
	now := time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC)
	f := func(name string, hours int, known bool) {
		t.Helper()
		age, ok := logAge([]byte(name), now)
		if ok != known || ok && int(age.Hours()) != hours {
			t.Errorf("logAge(%s) = %v, %v, want %d hours, %v", name, age, ok, hours, known)
		}
	}
	f("u_ex260309.log", 12, true)
	f("u_ex26030910.log", 2, true)
	f("HttpProxy_2026030908-1.LOG", 4, true)
	f("access-2026-03-08.log", 36, true)
	f("httperr1.log", 0, false)
	f("Security.evtx", 0, false)
	f("u_ex269999.log", 0, false)
	f("u_ex270309.log", 0, false) // a year from now
}
