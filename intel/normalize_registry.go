package intel

import "strings"

// registryRoots are the ways in which the roots of the registry are written, the longer before
// those that they begin with, and the name that we use.
var registryRoots = [...]struct{ written, plain string }{
	{`\registry\machine`, "HKLM"}, {`\registry\user`, "HKU"},
	{`hkey_local_machine`, "HKLM"}, {`hkey_current_user`, "HKCU"}, {`hkey_classes_root`, "HKCR"},
	{`hkey_users`, "HKU"}, {`hkey_current_config`, "HKCC"},
	{`hklm`, "HKLM"}, {`hkcu`, "HKCU"}, {`hkcr`, "HKCR"}, {`hkcc`, "HKCC"}, {`hku`, "HKU"},
}

// registryRoot is how many bytes the root of a key takes; 0 if the text is no key.
func registryRoot(v string) int {
	for _, r := range registryRoots {
		n := len(r.written)
		if len(v) > n && strings.EqualFold(v[:n], r.written) && (v[n] == '\\' || v[n] == '/' || strings.HasPrefix(v[n:], `:\`)) {
			return n
		}
	}
	return 0
}

// normalRegistry writes a key with the short name of its root and the rest in lower case. The keys
// of any user are HKCU, any control set is the current one: "\REGISTRY\USER\S-1-5-21-…\Software\X"
// and "HKCU\Software\X" are the same for a hunt, and so are ControlSet001 and CurrentControlSet.
func normalRegistry(v string) string {
	n := registryRoot(v)
	if n == 0 {
		return ""
	}
	root := ""
	for _, r := range registryRoots {
		if strings.EqualFold(v[:n], r.written) {
			root = r.plain
			break
		}
	}
	rest := strings.ReplaceAll(strings.TrimPrefix(v[n:], ":"), "/", `\`)
	rest = strings.ToLower(trimRight(strings.TrimLeft(rest, `\`), '\\'))
	if rest == "" {
		return ""
	}
	first, below, deep := strings.Cut(rest, `\`)
	below = strings.TrimLeft(below, `\`)
	switch {
	case root == "HKU" && deep && strings.HasPrefix(first, "s-1-5-21-") && strings.HasSuffix(first, "_classes"):
		root, rest = "HKCU", `software\classes\`+below
	case root == "HKU" && deep && (strings.HasPrefix(first, "s-1-5-21-") || first == "%sid%" || first == "<sid>" || first == "*"):
		root, rest = "HKCU", below
	case root == "HKCR":
		root, rest = "HKLM", `software\classes\`+rest
	}
	if root == "HKLM" {
		if _, after, ok := strings.Cut(rest, `system\controlset`); ok && strings.HasPrefix(rest, `system\controlset`) {
			if digits, below, _ := strings.Cut(after, `\`); len(digits) == 3 && isHex(digits) {
				rest = `system\currentcontrolset\` + below
			}
		}
	}
	return root + `\` + rest
}
