package sigma

import "aldebaran/event"

// serviceDefender is the label of tables of Defender XDR's advanced hunting.
const serviceDefender = "defender-xdr"

// defenderRoutes are the records of Defender XDR's advanced hunting that serve categories of Windows:
// DeviceProcessEvents and the like, of which ActionType says what happened. Weak: they lack much of
// what Sysmon logs. The columns: https://learn.microsoft.com/defender-xdr/advanced-hunting-schema-tables
func defenderRoutes(ls Logsource) []Route {
	if ls.Product != "windows" && ls.Product != "" || ls.Service != "" {
		return nil
	}
	k, ok := defenderCategories[ls.Category]
	if !ok {
		return nil
	}
	return []Route{{
		Product: "windows", Service: serviceDefender, Where: []Where{{Field: "ActionType", Values: k.actions}},
		Fields: k.fields, Weak: true, Name: "Defender XDR " + ls.Category,
	}}
}

type defenderCategory struct {
	actions []string
	fields  Mapping
}

// defenderActor are the columns of the process that did it.
var defenderActor = Mapping{
	"Image":            {From: []string{"InitiatingProcessFolderPath"}},
	"CommandLine":      {From: []string{"InitiatingProcessCommandLine"}},
	"ParentImage":      {From: []string{"InitiatingProcessParentFileName"}},
	"ProcessId":        {From: []string{"InitiatingProcessId"}},
	"User":             {From: []string{"InitiatingProcessAccountName"}},
	"OriginalFileName": {From: []string{"InitiatingProcessVersionInfoOriginalFileName"}},
	"Product":          {From: []string{"InitiatingProcessVersionInfoProductName"}},
	"Company":          {From: []string{"InitiatingProcessVersionInfoCompanyName"}},
	"Description":      {From: []string{"InitiatingProcessVersionInfoFileDescription"}},
	"IntegrityLevel":   {From: []string{"InitiatingProcessIntegrityLevel"}},
	"Computer":         {From: []string{"DeviceName"}},
	"ComputerName":     {From: []string{"DeviceName"}},
	"md5":              {From: []string{"MD5"}},
	"sha1":             {From: []string{"SHA1"}},
	"sha256":           {From: []string{"SHA256"}},
}

var defenderRegistry = ownFirst(defenderActor.with(Mapping{
	"TargetObject": {From: []string{"RegistryKey", "RegistryValueName"}, Make: defenderKey},
	"Details":      {From: []string{"RegistryValueData"}},
}))

var defenderCategories = map[string]defenderCategory{
	"process_creation": {[]string{"ProcessCreated"}, ownFirst(defenderActor.with(Mapping{
		"Image":             {From: []string{"FolderPath"}},
		"CommandLine":       {From: []string{"ProcessCommandLine"}},
		"ParentImage":       {From: []string{"InitiatingProcessFolderPath"}},
		"ParentCommandLine": {From: []string{"InitiatingProcessCommandLine"}},
		"ParentProcessId":   {From: []string{"InitiatingProcessId"}},
		"User":              {From: []string{"AccountName"}},
		"OriginalFileName":  {From: []string{"ProcessVersionInfoOriginalFileName"}},
		"Product":           {From: []string{"ProcessVersionInfoProductName"}},
		"Company":           {From: []string{"ProcessVersionInfoCompanyName"}},
		"Description":       {From: []string{"ProcessVersionInfoFileDescription"}},
		"IntegrityLevel":    {From: []string{"ProcessIntegrityLevel"}},
	}))},
	"file_event":  {[]string{"FileCreated"}, ownFirst(defenderActor.with(Mapping{"TargetFilename": {From: []string{"FolderPath"}}}))},
	"file_delete": {[]string{"FileDeleted"}, ownFirst(defenderActor.with(Mapping{"TargetFilename": {From: []string{"FolderPath"}}}))},
	"image_load":  {[]string{"ImageLoaded"}, ownFirst(defenderActor.with(Mapping{"ImageLoaded": {From: []string{"FolderPath"}}}))},
	"network_connection": {[]string{"ConnectionSuccess", "ConnectionFailed", "ConnectionRequest", "ConnectionFound"}, ownFirst(defenderActor.with(Mapping{
		"DestinationIp":       {From: []string{"RemoteIP"}},
		"DestinationPort":     {From: []string{"RemotePort"}},
		"DestinationHostname": {From: []string{"RemoteUrl"}},
		"SourceIp":            {From: []string{"LocalIP"}},
		"SourcePort":          {From: []string{"LocalPort"}},
	}))},
	"registry_set":    {[]string{"RegistryValueSet"}, defenderRegistry},
	"registry_add":    {[]string{"RegistryKeyCreated"}, defenderRegistry},
	"registry_delete": {[]string{"RegistryKeyDeleted", "RegistryValueDeleted"}, defenderRegistry},
	"registry_event":  {[]string{"RegistryValueSet", "RegistryKeyCreated", "RegistryKeyDeleted", "RegistryValueDeleted", "RegistryKeyRenamed"}, defenderRegistry},
}

// defenderKey is the key and the name of the value, with the short names of the roots that Sysmon
// writes and rules look for.
func defenderKey(dst []byte, e *event.Event) ([]byte, bool) {
	text, ok := appendField(dst, e, "RegistryKey")
	if !ok {
		return dst, false
	}
	key := text[len(dst):]
	for _, root := range [...][2]string{{"HKEY_LOCAL_MACHINE", "HKLM"}, {"HKEY_USERS", "HKU"}, {"HKEY_CURRENT_USER", "HKCU"}, {"HKEY_CLASSES_ROOT", "HKCR"}} {
		if hasPrefixASCII(key, root[0]) {
			n := copy(key, root[1])
			n += copy(key[n:], key[len(root[0]):])
			text = text[:len(dst)+n]
			break
		}
	}
	if v, ok := e.Get("RegistryValueName"); ok && !v.IsNull() && len(v.Raw) > 0 {
		text = v.AppendText(append(text, '\\'))
	}
	return text, true
}
