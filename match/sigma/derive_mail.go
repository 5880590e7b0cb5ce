package sigma

import "aldebaran/event"

// mailAudit are what of Microsoft 365's Unified Audit Log is read by the names that Exchange's own logs
// have for it. No rule of SigmaHQ names any of them.
//
// https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema
// https://learn.microsoft.com/purview/audit-log-investigate-accounts (MailItemsAccessed)
var mailAudit = Mapping{
	"CmdletParameters": {From: []string{"CmdletParameters", "Parameters.Name", "Parameters.Value", "Parameters"}, OwnFirst: true, Make: auditParameters},
	"MailAccessType":   {From: []string{"MailAccessType", "OperationProperties.Name", "OperationProperties.Value"}, OwnFirst: true, Make: auditProperty("MailAccessType")},
}

// mailOutcome says by the number of the event whether a cmdlet succeeded.
func mailOutcome(dst []byte, e *event.Event) ([]byte, bool) {
	switch e.EventID {
	case 1:
		return append(dst, "Success"...), true
	case 6, 8:
		return append(dst, "Failed"...), true
	}
	return dst, false
}

// maxAuditPairs is how many parameters of a cmdlet are looked at; none has as many.
const maxAuditPairs = 256

// auditParameters writes the parameters of a cmdlet, a list of objects with Name and Value, as
// -Name "Value", as the event log of Exchange has them. The commands of the compliance center have
// them as such a text already.
func auditParameters(dst []byte, e *event.Event) ([]byte, bool) {
	start := len(dst)
	for i := range maxAuditPairs {
		grown, ok := appendNth(append(dst, " -"...), e, "Parameters.Name", i)
		if !ok {
			break
		}
		dst = append(grown, ` "`...)
		dst, _ = appendNth(dst, e, "Parameters.Value", i)
		dst = append(dst, '"')
	}
	if len(dst) > start {
		return dst[:start+copy(dst[start:], dst[start+1:])], true
	}
	return appendField(dst, e, "Parameters")
}

// auditProperty gives the Value of the object that has a Name, in a list of such objects.
func auditProperty(name string) func([]byte, *event.Event) ([]byte, bool) {
	return func(dst []byte, e *event.Event) ([]byte, bool) {
		names := e.Shape.Lookup("OperationProperties.Name")
		for i, at := range names[:min(len(names), maxAuditPairs)] {
			if v := e.Values[at]; v.Kind == event.Text && equalASCII(v.Raw, name) {
				return appendNth(dst, e, "OperationProperties.Value", i)
			}
		}
		return dst, false
	}
}

// appendNth appends the n-th of the fields of that name, as they stand in lists of objects.
func appendNth(dst []byte, e *event.Event, name string, n int) ([]byte, bool) {
	at := e.Shape.Lookup(name)
	if n >= len(at) {
		return dst, false
	}
	return e.Values[at[n]].AppendText(dst), true
}
