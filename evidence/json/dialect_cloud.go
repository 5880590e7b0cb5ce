package json

import (
	"strings"
)

// m365 is the Unified Audit Log of Microsoft 365: the Management Activity API, Search-UnifiedAuditLog
// and the AuditData column of exports. One record serves all of SigmaHQ's services (audit, exchange,
// threat_management, threat_detection): which it is, the rules themselves ask (Workload, Operation).
//
// https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema
func (m *maker) m365() {
	m.label("m365", "", "audit")
	m.time("=CreationTime", "=CreationDate") // "in UTC", says the schema
}

// isSignIn knows the sign-ins of Entra as Microsoft Graph gives them.
func isSignIn(m *maker) bool {
	return m.any("createdDateTime") && m.any("userPrincipalName", "servicePrincipalName", "servicePrincipalId") &&
		m.any("appDisplayName", "appId", "resourceDisplayName") && m.any("ipAddress", "status.errorCode", "clientAppUsed") ||
		m.any("CreatedDateTime") && m.any("UserPrincipalName") && m.any("AppDisplayName") && m.any("IpAddress", "IPAddress")
}

func (m *maker) signIn() {
	m.label("azure", "", "signinlogs")
	m.time("createdDateTime", "CreatedDateTime", "TimeGenerated")
}

func (m *maker) risk() {
	m.label("azure", "", "riskdetection")
	m.time("activityDateTime", "detectedDateTime", "properties.activityDateTime", "time", "TimeGenerated")
}

// isEntraAudit knows directory audits as Microsoft Graph gives them.
func isEntraAudit(m *maker) bool {
	return m.any("activityDisplayName", "ActivityDisplayName") && m.any("activityDateTime", "loggedByService", "LoggedByService", "ActivityDateTime")
}

func (m *maker) entraAudit() {
	m.label("azure", "", "auditlogs")
	m.time("activityDateTime", "ActivityDateTime", "TimeGenerated", "time")
}

// azure is what Azure Monitor exports (to an event hub, a storage account, Log Analytics) and what the
// activity log's API gives. Sign-ins, directory audits and the activity log have the same frame; the
// category tells them apart.
func (m *maker) azure() {
	m.label("azure", "", "activitylogs")
	m.l.by.at = m.at("category", "Category", "category.value", "CategoryValue")
	m.l.choose = azureByCategory
	m.time("time", "eventTimestamp", "event_timestamp", "TimeGenerated", "properties.createdDateTime")
	if m.l.times[0].at < 0 {
		m.time("submissionTimestamp", "=p_event_time")
	}
}

func azureByCategory(category string) (product, cat, service string) {
	switch {
	case strings.Contains(category, "SignIn"):
		return "azure", "", "signinlogs"
	case category == "AuditLogs", category == "ProvisioningLogs":
		return "azure", "", "auditlogs"
	case strings.Contains(category, "Risk"):
		return "azure", "", "riskdetection"
	}
	return "azure", "", "activitylogs"
}

// cloudTrail is AWS CloudTrail:
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
func (m *maker) cloudTrail() {
	m.label("aws", "", "cloudtrail")
	m.time("eventTime")
}

// googleCloud is an AuditLog within a LogEntry: https://cloud.google.com/logging/docs/audit/understanding-audit-logs
func (m *maker) googleCloud() {
	m.time("timestamp", "receiveTimestamp")
	if !m.any("protoPayload.methodName", "protoPayload.serviceName", "protoPayload.@type") {
		m.label("gcp", "", "") // of a program or a machine, no audit
		return
	}
	m.label("gcp", "", "gcp.audit")
	m.l.by.at = m.at("protoPayload.serviceName")
	m.l.choose = googleByService
}

func googleByService(name string) (product, category, service string) {
	switch name {
	case "admin.googleapis.com":
		return "gcp", "", "google_workspace.admin"
	case "login.googleapis.com":
		return "gcp", "", "google_workspace.login"
	}
	return "gcp", "", "gcp.audit"
}

// workspace is an activity of the Reports API of Google Workspace.
func (m *maker) workspace() {
	m.label("gcp", "", "google_workspace.admin")
	m.l.by.at = m.at("id.applicationName")
	m.l.choose = func(name string) (product, category, service string) {
		if name == "login" {
			return "gcp", "", "google_workspace.login"
		}
		return "gcp", "", "google_workspace.admin"
	}
	m.time("id.time")
}

// okta is the System Log of Okta: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/SystemLog/
func (m *maker) okta() {
	m.label("okta", "", "okta")
	m.time("published")
}

// kubernetes is the audit log of an API server: https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
func (m *maker) kubernetes() {
	m.label("kubernetes", "application", "audit")
	m.time("requestReceivedTimestamp", "stageTimestamp")
}

func (m *maker) gitHub() {
	m.label("github", "", "audit")
	m.time("@timestamp", "created_at")
}

func (m *maker) bitbucket() {
	m.label("bitbucket", "", "audit")
	m.time("timestamp", "createdDate")
}
