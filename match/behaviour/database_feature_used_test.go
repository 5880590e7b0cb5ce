package behaviour

import (
	"testing"
	"time"
)

// changed is event 15457 of SQL Server: an option was changed.
func changed(after time.Duration, option, before, now string) made {
	return made{after: after, product: "windows", channel: "Application", provider: "MSSQLSERVER", id: 15457, host: "SQL01",
		fields: []string{"Data", option, "Data", before, "Data", now}}
}

// audited is a statement in SQL Server's audit, event 33205.
func audited(after time.Duration, login, statement string) made {
	return made{after: after, product: "windows", channel: "Application", provider: "MSSQLSERVER", id: 33205, host: "SQL01",
		fields: []string{"Data", "audit_schema_version:1\naction_id:EX  \nserver_principal_name:" + login + "\nstatement:" + statement + "\nadditional_information:\n"}}
}

func TestDatabaseFeatureUsed(t *testing.T) {
	min := time.Minute
	for _, c := range []struct {
		name   string
		events []made
		want   string
	}{
		{"switched on, used, switched off", []made{
			changed(0, "xp_cmdshell", "0", "1"), audited(2*min, "sa", "EXEC xp_cmdshell 'whoami'"), audited(3*min, "sa", "EXEC master..XP_CMDSHELL 'dir'"), changed(5*min, "xp_cmdshell", "1", "0"),
		}, "critical: xp_cmdshell was switched on, used 2 times and switched off again within 5 minutes\n"},
		{"switched on and used", []made{changed(0, "clr enabled", "0", "1"), audited(min, "sa", "CREATE ASSEMBLY a FROM 0x00")},
			"high: clr enabled was switched on and used 1 times within 60 seconds\n"},
		{"switched on and off by statements", []made{
			audited(0, "sa", "EXEC sp_configure 'xp_cmdshell', 1;"), audited(30*min, "sa", "EXEC sp_configure 'xp_cmdshell', 0"),
		}, "medium: xp_cmdshell was switched on and off again within 30 minutes\n"},
		{"the evidence need not be in order", []made{audited(2*min, "sa", "EXEC xp_cmdshell 'x'"), changed(0, "xp_cmdshell", "0", "1")},
			"high: xp_cmdshell was switched on and used 1 times within 2 minutes\n"},
		{"used all along", []made{audited(0, "job", "EXEC xp_cmdshell 'copy'"), audited(min, "job", "EXEC xp_cmdshell 'copy'")}, ""},
		{"switched on for good", []made{changed(0, "xp_cmdshell", "0", "1")}, ""},
		{"used the next day", []made{changed(0, "xp_cmdshell", "0", "1"), audited(24*60*min, "sa", "EXEC xp_cmdshell 'x'")}, ""},
		{"reconfigured without a change", []made{changed(0, "xp_cmdshell", "1", "1"), audited(min, "sa", "EXEC xp_cmdshell 'x'")}, ""},
		{"another option", []made{changed(0, "show advanced options", "0", "1"), changed(min, "show advanced options", "1", "0")}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := lines(episodesOf(t, Config{}, "db-feature-used", c.events)); got != c.want {
				t.Errorf("episodes:\n%swant:\n%s", got, c.want)
			}
		})
	}
}

func TestMentionsFeature(t *testing.T) {
	for statement, want := range map[string]bool{
		"": false, "_": false, "p_": false, "sp_": false, "SELECT a_b FROM x_y": false, "sp_configure": true, "EXEC Xp_CmdShell 'x'": true, "a_b; exec SP_OACREATE": true,
		"sp_execute_external_scrip": false, "_sp_execute_external_script": true, "create  assembly": false, "CREATE ASSEMBLY x": true, "sp_sp_configure": true, "p_sp_oacreate": true,
	} {
		if got := mentionsFeature([]byte(statement)); got != want {
			t.Errorf("mentionsFeature(%q) = %t, want %t", statement, got, want)
		}
	}
}
