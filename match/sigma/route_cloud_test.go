package sigma

import (
	"slices"
	"testing"

	"aldebaran/event"
)

// TestCloudFields looks for fields by the names that rules give them in records as they are written.
func TestCloudFields(t *testing.T) {
	f := func(ls Logsource, label Logsource, record []string, field, want string) {
		t.Helper()
		e := &event.Event{Shape: &event.Shape{}, Product: label.Product, Category: label.Category, Service: label.Service}
		for i := 0; i < len(record); i += 2 {
			e.Shape.Fields = append(e.Shape.Fields, event.Field{Name: record[i], Path: record[i]})
			e.Values = append(e.Values, event.Value{Kind: event.Text, Raw: []byte(record[i+1])})
		}
		r := &Rule{Title: "test", Logsource: ls, Condition: Node{Op: OpItem, Item: &Item{Field: field, Pattern: Pattern{{Literal: want}}}}}
		set, err := compileRoutes([]*Rule{r}, func(ls Logsource) []Route { routes, _ := Routes(ls); return routes })
		if err != nil {
			t.Fatal(err)
		}
		if len(set.NewMatcher().Match(e)) != 1 {
			t.Errorf("%s of %q is not %q", field, record, want)
		}
	}
	m365 := func(service, field, want string, record ...string) {
		t.Helper()
		f(Logsource{Product: "m365", Service: service}, Logsource{Product: "m365", Service: "audit"}, record, field, want)
	}
	m365("audit", "Operation", "UserLoggedIn", "Operation", "UserLoggedIn")
	m365("exchange", "eventSource", "Exchange", "Workload", "Exchange")
	m365("exchange", "eventName", "Add-FederatedDomain", "Operation", "Add-FederatedDomain")
	m365("exchange", "status", "success", "ResultStatus", "True")
	m365("threat_management", "eventName", "Impossible travel activity", "Operation", "AlertTriggered", "Name", "Impossible travel activity")
	m365("threat_detection", "status", "success", "ResultStatus", "Succeeded")
	m365("threat_detection", "status", "failed", "ResultStatus", "Failed")

	azure := func(service, label, field, want string, record ...string) {
		t.Helper()
		f(Logsource{Product: "azure", Service: service}, Logsource{Product: "azure", Service: label}, record, field, want)
	}
	azure("auditlogs", "auditlogs", "properties.message", "Add user", "activityDisplayName", "Add user")
	azure("auditlogs", "auditlogs", "properties.message", "Add user", "operationName", "Add user")
	azure("auditlogs", "auditlogs", "Status", "success", "properties.result", "success")
	azure("auditlogs", "auditlogs", "ActivityDisplayName", "Add user", "properties.activityDisplayName", "Add user")
	azure("auditlogs", "auditlogs", "targetResources.type", "User", "properties.targetResources.type", "User")
	azure("auditlogs", "auditlogs", "TargetResources.ModifiedProperties.NewValue", "x", "targetResources.modifiedProperties.newValue", "x")
	azure("signinlogs", "signinlogs", "properties.message", "Device Code", "properties.authenticationProtocol", "deviceCode")
	azure("signinlogs", "signinlogs", "ResultType", "50126", "status.errorCode", "50126")
	azure("signinlogs", "signinlogs", "DeviceDetail.trusttype", "Hybrid", "properties.deviceDetail.trustType", "Hybrid")
	azure("activitylogs", "activitylogs", "operationName", "MICROSOFT.COMPUTE/DISKS/DELETE", "operation_name.value", "Microsoft.Compute/disks/delete")
	azure("riskdetection", "riskdetection", "riskEventType", "leakedCredentials", "properties.riskEventType", "leakedCredentials")
	azure("pim", "riskdetection", "riskEventType", "redundantAssignmentAlertIncident", "riskEventType", "redundantAssignmentAlertIncident")

	f(Logsource{Product: "gcp", Service: "gcp.audit"}, Logsource{Product: "gcp", Service: "gcp.audit"},
		[]string{"protoPayload.methodName", "v1.compute.firewalls.insert"}, "gcp.audit.method_name", "v1.compute.firewalls.insert")
	f(Logsource{Product: "gcp", Service: "google_workspace.admin"}, Logsource{Product: "gcp", Service: "google_workspace.admin"},
		[]string{"protoPayload.serviceName", "admin.googleapis.com", "events.name", "GRANT_ADMIN_PRIVILEGE"}, "eventName", "GRANT_ADMIN_PRIVILEGE")
	f(Logsource{Product: "kubernetes", Service: "audit"}, Logsource{Product: "kubernetes", Category: "application", Service: "audit"},
		[]string{"objectRef.apiGroup", "batch"}, "apiGroup", "batch")
}

// TestCloudRoutes holds that the record's own field goes first, and that no route is too wide.
func TestCloudRoutes(t *testing.T) {
	for _, m := range []Mapping{m365Fields, azureFields, gcpFields, kubernetesFields} {
		for name, d := range m {
			if !slices.Contains(d.From, name) {
				t.Errorf("%s is not looked up in itself: %v", name, d.From)
			}
		}
	}
	for _, ls := range labelled {
		for _, r := range cloudRoutes(ls) {
			if r.Product != ls.Product || r.Service == "" || r.Name == "" {
				t.Errorf("%+v: route %+v", ls, r)
			}
		}
	}
}
