package csv

import (
	"bytes"
	"strings"
)

// An export is a table whose maker is known. Names become those of the same records in JSON, so that
// one list of dialects, package json's, knows them all.
type export struct {
	// needs are names that the header must have, in lower case.
	needs []string
	// names are those that are renamed, in lower case; all others stay.
	names map[string]string
	// extra is the name of a column that the header leaves out.
	extra string
	// time is the column of the time after renaming, utc says that it is in UTC. Without it the
	// column is looked for.
	time string
	utc  bool
	// also are names, in lower case, of columns that have a second name, under which rules look for them.
	also map[string]string
	// product, category and service are labels for rows that no dialect knows: AuditData that was cut off.
	product, category, service string
	// host is the column of the machine.
	host string
}

// exports are those of which the header says that they are it. Sources: Microsoft's documentation of
// each export, and files of it.
var exports = [...]*export{
	// Purview's audit search and Search-UnifiedAuditLog | Export-Csv. The record is in AuditData.
	// https://learn.microsoft.com/purview/audit-log-export-records
	{
		needs: []string{"creationdate", "auditdata"},
		names: map[string]string{"userids": "UserId", "operations": "Operation"},
		time:  "CreationDate", utc: true, product: "m365", service: "audit",
	},
	// The Event Viewer's "Save all events as". The description has no name.
	{
		needs: []string{"date and time", "source", "event id", "task category"},
		names: map[string]string{"date and time": "TimeCreated", "source": "SourceName", "event id": "EventID", "task category": "TaskCategory"},
		extra: "Message", time: "TimeCreated",
	},
	// EvtxECmd writes UTC.
	{needs: []string{"eventid", "eventrecordid", "timecreated", "payload"}, time: "TimeCreated", utc: true},
	// Get-WinEvent | Export-Csv
	{needs: []string{"id", "logname", "providername", "timecreated"}, time: "TimeCreated"},
	// Get-EventLog | Export-Csv
	{
		needs: []string{"eventid", "machinename", "source", "timegenerated", "entrytype"},
		names: map[string]string{"source": "SourceName"}, time: "TimeGenerated",
	},
	// Entra sign-ins, as the portal downloads them.
	// https://learn.microsoft.com/entra/identity/monitoring-health/howto-download-logs
	{
		needs: []string{"date (utc)", "request id", "username", "application"},
		names: map[string]string{
			"date (utc)": "createdDateTime", "request id": "id", "user agent": "userAgent", "correlation id": "correlationId",
			"user id": "userId", "user": "userDisplayName", "username": "userPrincipalName", "user type": "userType",
			"cross tenant access type": "crossTenantAccessType", "incoming token type": "incomingTokenType",
			"authentication protocol": "authenticationProtocol", "application": "appDisplayName", "application id": "appId",
			"app id": "appId", "resource": "resourceDisplayName", "resource id": "resourceId", "resource tenant id": "resourceTenantId",
			"home tenant id": "homeTenantId", "home tenant name": "homeTenantName", "ip address": "ipAddress", "location": "location",
			"status": "status", "sign-in error code": "status.errorCode", "failure reason": "status.failureReason",
			"client app": "clientAppUsed", "device id": "deviceDetail.deviceId", "browser": "deviceDetail.browser",
			"operating system": "deviceDetail.operatingSystem", "compliant": "deviceDetail.isCompliant", "managed": "deviceDetail.isManaged",
			"join type": "deviceDetail.trustType", "conditional access": "conditionalAccessStatus",
			"authentication requirement": "authenticationRequirement", "multifactor authentication result": "mfaResult",
			"sign-in identifier": "signInIdentifier", "flagged for review": "flaggedForReview", "token issuer type": "tokenIssuerType",
			"autonomous system number": "autonomousSystemNumber", "latency": "processingTimeInMilliseconds",
		},
		time: "createdDateTime", utc: true,
	},
	// Entra audit log, as the portal downloads it.
	{
		needs: []string{"date (utc)", "service", "category", "activity", "result"},
		names: map[string]string{
			"date (utc)": "activityDateTime", "correlationid": "correlationId", "service": "loggedByService", "category": "category",
			"activity": "activityDisplayName", "result": "result", "resultreason": "resultReason", "useragent": "userAgent",
			"actortype": "initiatedBy.type", "actordisplayname": "initiatedBy.user.displayName",
			"actorobjectid": "initiatedBy.user.id", "actoruserprincipalname": "initiatedBy.user.userPrincipalName", "ipaddress": "initiatedBy.user.ipAddress",
			"target1type": "targetResources.type", "target1displayname": "targetResources.displayName", "target1objectid": "targetResources.id",
			"target1userprincipalname":          "targetResources.userPrincipalName",
			"target1modifiedproperty1name":      "targetResources.modifiedProperties.displayName",
			"target1modifiedproperty1oldvalue":  "targetResources.modifiedProperties.oldValue",
			"target1modifiedproperty1newvalue":  "targetResources.modifiedProperties.newValue",
			"target1modifiedproperty01name":     "targetResources.modifiedProperties.displayName",
			"target1modifiedproperty01oldvalue": "targetResources.modifiedProperties.oldValue",
			"target1modifiedproperty01newvalue": "targetResources.modifiedProperties.newValue",
		},
		time: "activityDateTime", utc: true,
	},
	// Tables of Defender XDR's advanced hunting: DeviceProcessEvents and the like.
	{needs: []string{"timestamp", "devicename", "actiontype"}, time: "Timestamp", utc: true, product: "windows", service: "defender-xdr", host: "DeviceName"},
	// What scripts for incidents on Exchange take out of HttpProxy logs, with some of their columns, as
	// Microsoft's Test-ProxyLogon.ps1: https://microsoft.github.io/CSS-Exchange/Security/Test-ProxyLogon/
	{
		needs: []string{"urlstem", "clientipaddress"},
		also: map[string]string{
			"urlstem": "cs-uri-stem", "urlquery": "cs-uri-query", "urlhost": "cs-host", "method": "cs-method", "useragent": "cs-user-agent",
			"clientipaddress": "c-ip", "httpstatus": "sc-status", "authenticateduser": "cs-username",
		},
		product: "exchange", category: "webserver", service: "msexchange-httpproxy", host: "ServerHostName",
	},
	// Get-MessageTrackingLog | Export-Csv: the names become those of the log itself.
	{
		needs: []string{"timestamp", "eventid", "messagesubject", "sender", "recipients"},
		names: map[string]string{
			"timestamp": "date-time", "clientip": "client-ip", "clienthostname": "client-hostname", "serverip": "server-ip",
			"serverhostname": "server-hostname", "sourcecontext": "source-context", "connectorid": "connector-id", "source": "source",
			"eventid": "event-id", "internalmessageid": "internal-message-id", "messageid": "message-id",
			"networkmessageid": "network-message-id", "recipients": "recipient-address", "recipientstatus": "recipient-status",
			"totalbytes": "total-bytes", "recipientcount": "recipient-count", "relatedrecipientaddress": "related-recipient-address",
			"reference": "reference", "messagesubject": "message-subject", "sender": "sender-address", "returnpath": "return-path",
			"messageinfo": "message-info", "directionality": "directionality", "tenantid": "tenant-id",
			"originalclientip": "original-client-ip", "originalserverip": "original-server-ip", "eventdata": "custom-data",
		},
		time: "date-time", product: "exchange", service: "msexchange-messagetracking", host: "server-hostname",
	},
	// Azure's activity log, as the portal downloads it.
	{
		needs: []string{"operation name", "status", "event category", "time", "resource"},
		names: map[string]string{
			"correlation id": "correlationId", "operation name": "operationName", "status": "resultType", "event category": "category",
			"level": "level", "time": "time", "subscription": "subscriptionId", "event initiated by": "caller",
			"resource type": "resourceType", "resource group": "resourceGroupName", "resource": "resourceId",
		},
		time: "time",
	},
}

// exportOf tells which export a header is of; nil if of none that is known. longest is the number of
// values of the longest row seen.
func exportOf(names [][]byte, longest int) *export {
	have := map[string]bool{}
	for _, n := range names {
		have[strings.TrimSuffix(strings.TrimSuffix(lower(n), " [utc]"), " [local time]")] = true
	}
	for _, e := range exports {
		all := true
		for _, n := range e.needs {
			all = all && have[n]
		}
		if all {
			return e
		}
	}
	// The Event Viewer in another language: its columns have the same places.
	if len(names) == 5 && longest == 6 && bytes.Contains(bytes.ToUpper(names[3]), []byte("ID")) {
		e := *exports[1]
		e.names = map[string]string{lower(names[1]): "TimeCreated", lower(names[2]): "SourceName", lower(names[3]): "EventID", lower(names[4]): "TaskCategory"}
		return &e
	}
	return nil
}

func lower(b []byte) string { return strings.ToLower(string(b)) }

// rename gives columns the names of the same records in JSON. Log Analytics and Defender write the
// zone behind the name: "TimeGenerated [UTC]", "TimeGenerated [Local Time]".
func (t *table) rename() {
	for i, n := range t.names {
		if t.kind != nil {
			if to, ok := t.kind.also[lower(n)]; ok {
				t.also = append(t.also, also{i, []byte(to)})
			}
			if to, ok := t.kind.names[lower(n)]; ok {
				t.names[i] = []byte(to)
				continue
			}
		}
		for _, suffix := range [...]string{" [UTC]", " (UTC)", " [Local Time]"} {
			if name, ok := bytes.CutSuffix(n, []byte(suffix)); ok && len(name) > 0 {
				t.names[i] = name
				if suffix == " [Local Time]" {
					t.inLocal = append(t.inLocal, i)
				} else {
					t.inUTC = append(t.inUTC, i)
				}
			}
		}
	}
}
