package story

import (
	"bytes"
	"testing"
)

// fuzz holds any bytes that are read as a format against what readers of stories rely on.
func fuzz(f *testing.F, path string, seeds ...string) {
	f.Helper()
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 64<<10 {
			return
		}
		s, err := Read(bytes.NewReader(data), path, known())
		if err != nil {
			return
		}
		check(t, s)
	})
}

func FuzzText(f *testing.F) {
	fuzz(f, "x.txt", "Paper Crane may be in Africa since May 2024, says Acme.\n\nIt is not linked to APT28.", "\xff\xfeA\x00", "U.S. U.S.", "a\u00a0b\u202fc", "• x\n1. y",
		"Jane Roe May 07, 2019\nPaper Crane (a.k.a. Snake, KRYPTON) used ProxyLogon and CVE-2021-26855, -26857.\nRelated: x y z\n\nMitigations:\n- In March, patch\n\nThe latter is also known as UNC9999.",
		"Des pirates chinois ont visé les ministères au Togo, qui est dans la région", "مجموعة قراصنة صينيين استهدفت وزارات الخارجية بمصر")
}

func FuzzMarkdown(f *testing.F) {
	fuzz(f, "x.md", "# T\n\n**a** [b](c) ![d](e)\n\n| x | y |\n|---|---|\n| Paper Crane | `evil[.]example` |\n", "---\ntitle: x\ndate: 2025-01-01\n---\nx", "```\ncode\n```\n\\*")
}

func FuzzHTML(f *testing.F) {
	fuzz(f, "x.html", "<html><head><title>t</title></head><body><article><p>Paper Crane</p><pre>a\nb</pre></article><div hidden>x</div></body></html>", "<p><p><table><tr><td>a", "<div style='display: none'>x")
}

func FuzzEmail(f *testing.F) {
	fuzz(f, "x.eml", "From: a@b.example\r\nSubject: =?utf-8?q?x?=\r\nDate: Thu, 02 Oct 2025 08:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nPaper Crane\r\n--x\r\nContent-Type: text/html\r\n"+
		"Content-Transfer-Encoding: base64\r\n\r\nPGI+\r\n--x\r\nContent-Disposition: attachment; filename=a.json\r\n\r\n{}\r\n--x--\r\n")
}

func FuzzJSON(f *testing.F) {
	fuzz(f, "x.json", `{"type":"bundle","objects":[{"type":"intrusion-set","id":"a--1","name":"Paper Crane","aliases":["x"],"description":"a\nb\u00e9\"c"},{"type":"indicator","id":"i--1","pattern":"[domain-name:value = 'a.example']"}]}`,
		`{"Event":{"info":"x","uuid":"1","Attribute":[{"type":"domain|ip","value":"a.example|1.2.3.4"}],"Tag":[{"name":"misp-galaxy:threat-actor=\"APT28\""}]}}`, `[{"id":"a--b"}]`)
}

func FuzzPDF(f *testing.F) {
	fuzz(f, "x.pdf", minimalPDF("Paper Crane", "in Africa"))
}
