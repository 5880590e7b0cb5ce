package sigma_test

import (
	"maps"
	"strings"
)

// refDefenderRoutes gives the records of Defender XDR's advanced hunting that serve a category of
// Windows: docs/formats/csv.md says the same in words.
func refDefenderRoutes(ls refLogsource) []refRoute {
	if ls.product != "windows" && ls.product != "" || ls.service != "" {
		return nil
	}
	fields := refRenamed("Image=InitiatingProcessFolderPath CommandLine=InitiatingProcessCommandLine ParentImage=InitiatingProcessParentFileName " +
		"ProcessId=InitiatingProcessId User=InitiatingProcessAccountName OriginalFileName=InitiatingProcessVersionInfoOriginalFileName " +
		"Product=InitiatingProcessVersionInfoProductName Company=InitiatingProcessVersionInfoCompanyName " +
		"Description=InitiatingProcessVersionInfoFileDescription IntegrityLevel=InitiatingProcessIntegrityLevel " +
		"Computer=DeviceName ComputerName=DeviceName md5=MD5 sha1=SHA1 sha256=SHA256")
	actions := ""
	switch ls.category {
	case "process_creation":
		actions = "ProcessCreated"
		maps.Copy(fields, refRenamed("Image=FolderPath CommandLine=ProcessCommandLine ParentImage=InitiatingProcessFolderPath "+
			"ParentCommandLine=InitiatingProcessCommandLine ParentProcessId=InitiatingProcessId User=AccountName "+
			"OriginalFileName=ProcessVersionInfoOriginalFileName Product=ProcessVersionInfoProductName Company=ProcessVersionInfoCompanyName "+
			"Description=ProcessVersionInfoFileDescription IntegrityLevel=ProcessIntegrityLevel"))
	case "file_event", "file_delete":
		actions = map[string]string{"file_event": "FileCreated", "file_delete": "FileDeleted"}[ls.category]
		maps.Copy(fields, refRenamed("TargetFilename=FolderPath"))
	case "image_load":
		actions = "ImageLoaded"
		maps.Copy(fields, refRenamed("ImageLoaded=FolderPath"))
	case "network_connection":
		actions = "ConnectionSuccess ConnectionFailed ConnectionRequest ConnectionFound"
		maps.Copy(fields, refRenamed("DestinationIp=RemoteIP DestinationPort=RemotePort DestinationHostname=RemoteUrl SourceIp=LocalIP SourcePort=LocalPort"))
	case "registry_set", "registry_add", "registry_delete", "registry_event":
		actions = map[string]string{
			"registry_set": "RegistryValueSet", "registry_add": "RegistryKeyCreated", "registry_delete": "RegistryKeyDeleted RegistryValueDeleted",
			"registry_event": "RegistryValueSet RegistryKeyCreated RegistryKeyDeleted RegistryValueDeleted RegistryKeyRenamed",
		}[ls.category]
		maps.Copy(fields, refRenamed("Details=RegistryValueData"))
		fields["TargetObject"] = refOwnOr("TargetObject", func(e *refEvent) []string {
			if !e.has("RegistryKey") {
				return nil
			}
			key := e.text("RegistryKey")
			for long, short := range map[string]string{"HKEY_LOCAL_MACHINE": "HKLM", "HKEY_USERS": "HKU", "HKEY_CURRENT_USER": "HKCU", "HKEY_CLASSES_ROOT": "HKCR"} {
				if len(key) >= len(long) && strings.EqualFold(key[:len(long)], long) {
					key = short + key[len(long):]
					break
				}
			}
			if name := e.text("RegistryValueName"); name != "" {
				key += `\` + name
			}
			return []string{key}
		})
	default:
		return nil
	}
	return []refRoute{{
		name: "Defender XDR", product: "windows", service: "defender-xdr",
		where: map[string][]string{"ActionType": strings.Fields(actions)}, fields: fields,
	}}
}
