package sigma

import (
	"strings"

	"aldebaran/event"
)

// cloudRoutes gives the routes by which records of clouds serve a log source beside those that are
// labelled with it; none if it is not about clouds. The readers label by what a record says of
// itself, and SigmaHQ cuts some logs further.
func cloudRoutes(ls Logsource) []Route {
	ls.Definition = ""
	switch ls {
	case Logsource{Product: "m365", Service: "exchange"}, Logsource{Product: "m365", Service: "threat_management"}, Logsource{Product: "m365", Service: "threat_detection"}:
		// All are the Unified Audit Log; the rules ask for the workload themselves.
		return []Route{{Product: "m365", Service: "audit", Fields: m365Fields, Name: "m365 audit"}}
	case Logsource{Product: "azure", Service: "pim"}:
		// Alerts of Privileged Identity Management have a riskEventType like those of Identity Protection.
		return []Route{
			{Product: "azure", Service: "riskdetection", Fields: azureFields, Name: "azure riskdetection"},
			{Product: "azure", Service: "auditlogs", Fields: azureFields, Name: "azure auditlogs"},
		}
	}
	return nil
}

// cloudFields are the names under which rules for a cloud look for its fields; nil if there are no
// others than the events' own.
func cloudFields(ls Logsource) Mapping {
	switch ls.Product {
	case "m365":
		return m365Fields
	case "azure":
		return azureFields
	case "gcp":
		return gcpFields
	case "kubernetes":
		return kubernetesFields
	}
	return nil
}

// m365Fields: SigmaHQ's rules for alerts were written for a collector that renamed the fields of the
// Unified Audit Log. An alert's name stands in Name, its operation is AlertTriggered.
var m365Fields = mailAudit.with(Mapping{
	"eventSource": firstOf("eventSource", "Workload"),
	"eventName":   oneOf("eventName", "Operation", "Name"),
	"status":      {From: []string{"status", "ResultStatus", "Status"}, Make: m365Status},
	"Payload":     firstOf("Payload", "Parameters"),
})

// m365Status is the outcome in the words of the rules: Exchange says True, others Succeeded. An alert
// has a state instead (Active, Investigating): it is there, so it succeeded.
func m365Status(dst []byte, e *event.Event) ([]byte, bool) {
	for _, name := range [...]string{"status", "ResultStatus", "Status"} {
		text, ok := appendField(dst, e, name)
		if !ok {
			continue
		}
		switch word := text[len(dst):]; {
		case equalASCII(word, "Succeeded"), equalASCII(word, "True"), equalASCII(word, "Active"), equalASCII(word, "Investigating"), equalASCII(word, "Resolved"):
			return append(text[:len(dst)], "success"...), true
		}
		return text, true
	}
	return dst, false
}

// azureFields: the same fields go by other names in Microsoft Graph (riskEventType), in what Azure
// Monitor exports (properties.riskEventType), in Log Analytics (RiskEventType) and in the REST API of
// the activity log (operationName.value). Rules use all of these forms, sometimes in one rule.
var azureFields = azureMapping()

func azureMapping() Mapping {
	m := Mapping{}
	for _, names := range [...][]string{
		{"operationName", "operationName.value", "operation_name.value", "operationname", "OperationName", "OperationNameValue", "activityDisplayName", "properties.activityDisplayName", "ActivityDisplayName"},
		{"category", "Category", "category.value", "CategoryValue"},
		{"resultType", "ResultType", "resulttype", "status.errorCode", "properties.status.errorCode"},
		{"resultDescription", "ResultDescription", "properties.status.failureReason", "status.failureReason"},
		{"callerIpAddress", "calleripaddress", "CallerIpAddress", "IPAddress", "ipAddress", "properties.ipAddress"},
		{"resourceId", "resourceid", "ResourceId", "_ResourceId", "resource_id"},
		{"ResourceProviderValue", "resourceProviderName.value", "resource_provider_name.value"},
		{"correlationId", "correlationid", "CorrelationId"},
		{"userPrincipalName", "properties.userPrincipalName", "UserPrincipalName"},
	} {
		for _, n := range names {
			if !strings.Contains(n, ".value") {
				m[n] = firstOf(withFirst(n, names)...)
			}
		}
	}
	// One field of a record, wherever it stands.
	for _, n := range [...]string{
		"riskEventType", "riskState", "riskDetail", "userAgent", "authenticationRequirement", "authenticationProtocol", "conditionalAccessStatus",
		"deviceDetail.trustType", "deviceDetail.trusttype", "deviceDetail.isCompliant", "deviceDetail.deviceId", "appId", "appDisplayName", "resourceDisplayName",
		"homeTenantId", "resourceTenantId", "loggedByService", "initiatedBy", "targetResources", "targetResources.type",
		"targetResources.modifiedProperties", "targetResources.modifiedProperties.newValue", "targetResources.modifiedProperties.displayName",
		"additionalDetails.additionalInfo", "networkLocationDetails", "isInteractive", "userType",
	} {
		for _, form := range [...]string{n, "properties." + n, upperFirst(n), upperAll(n), strings.Replace(upperFirst(n), ".Trusttype", ".trusttype", 1)} {
			m[form] = oneOf(form, n, "properties."+n, upperFirst(n), upperAll(n), "properties."+strings.Replace(n, "trusttype", "trustType", 1))
		}
	}
	m["DeviceDetail.trusttype"] = oneOf("DeviceDetail.trusttype", "deviceDetail.trustType", "properties.deviceDetail.trustType", "DeviceDetail.trustType")
	m["DeviceDetail.isCompliant"] = oneOf("DeviceDetail.isCompliant", "deviceDetail.isCompliant", "properties.deviceDetail.isCompliant")
	m["properties.message"] = Derivation{
		From: []string{"properties.message"},
		Also: []Derivation{
			firstOf("operationName", "operationName.value", "operationname", "OperationName", "activityDisplayName"),
			firstOf("properties.activityDisplayName", "properties.operationName", "ActivityDisplayName"),
			{From: []string{"authenticationProtocol", "properties.authenticationProtocol", "AuthenticationProtocol"}, Make: authenticationProtocol},
		},
	}
	m["Username"] = oneOf("Username", "userPrincipalName", "properties.userPrincipalName", "UserPrincipalName", "identity")
	m["ClientApp"] = oneOf("ClientApp", "clientAppUsed", "properties.clientAppUsed", "ClientAppUsed")
	for _, n := range [...]string{"activityType", "ActivityType"} {
		m[n] = oneOf(n, "operationType", "properties.operationType", "activityDisplayName", "operationName")
	}
	m["Status"] = firstOf("Status", "properties.result", "result", "Result", "status.value", "properties.statusCode", "ResultType", "resultType")
	return m
}

// oneOf is the value of the field itself, and those of its other names.
func oneOf(names ...string) Derivation {
	d := Derivation{From: names[:1]}
	for i, n := range names[1:] {
		known := false
		for _, m := range names[:i+1] {
			known = known || m == n
		}
		if !known {
			d.Also = append(d.Also, Derivation{From: []string{n}})
		}
	}
	return d
}

func withFirst(first string, names []string) []string {
	out := []string{first}
	for _, n := range names {
		if n != first {
			out = append(out, n)
		}
	}
	return out
}

// upperFirst and upperAll are the forms of Log Analytics: RiskEventType, TargetResources.ModifiedProperties.
func upperFirst(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

func upperAll(name string) string {
	words := strings.Split(name, ".")
	for i, w := range words {
		words[i] = upperFirst(w)
	}
	return strings.Join(words, ".")
}

// authenticationProtocol is what rules ask properties.message for.
func authenticationProtocol(dst []byte, e *event.Event) ([]byte, bool) {
	for _, name := range [...]string{"authenticationProtocol", "properties.authenticationProtocol", "AuthenticationProtocol"} {
		text, ok := appendField(dst, e, name)
		if !ok {
			continue
		}
		if equalASCII(text[len(dst):], "deviceCode") {
			return append(text[:len(dst)], "Device Code"...), true
		}
		return text, true
	}
	return dst, false
}

// gcpFields: rules have the names of the record, of Elastic's integration and of Wazuh's.
var gcpFields = Mapping{
	"gcp.audit.method_name":                          firstOf("gcp.audit.method_name", "protoPayload.methodName"),
	"protoPayload.Servicename":                       firstOf("protoPayload.Servicename", "protoPayload.serviceName"),
	"protoPayload.serviceName":                       firstOf("protoPayload.serviceName", "protoPayload.Servicename"),
	"data.protoPayload.serviceName":                  oneOf("data.protoPayload.serviceName", "protoPayload.serviceName"),
	"data.protoPayload.methodName":                   oneOf("data.protoPayload.methodName", "protoPayload.methodName"),
	"data.protoPayload.resource.type":                oneOf("data.protoPayload.resource.type", "resource.type"),
	"data.protoPayload.logName":                      oneOf("data.protoPayload.logName", "logName"),
	"data.protoPayload.authorizationInfo.permission": oneOf("data.protoPayload.authorizationInfo.permission", "protoPayload.authorizationInfo.permission"),
	"data.protoPayload.authorizationInfo.granted":    oneOf("data.protoPayload.authorizationInfo.granted", "protoPayload.authorizationInfo.granted"),
	"eventService":                                   firstOf("eventService", "protoPayload.serviceName"),
	"eventName":                                      oneOf("eventName", "events.name", "protoPayload.metadata.event.eventName", "protoPayload.methodName"),
}

var kubernetesFields = Mapping{
	"apiGroup":     firstOf("apiGroup", "objectRef.apiGroup"),
	"hostPath":     firstOf("hostPath", "requestObject.spec.volumes.hostPath"),
	"capabilities": firstOf("capabilities", "requestObject.spec.containers.securityContext.capabilities"),
}
