package brief

import (
	"bytes"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestContrast holds the colours of the page against WCAG 2.2, 1.4.3: at least 4.5 to 1 for text, on the
// page and on tinted parts, in light, in dark and on paper.
func TestContrast(t *testing.T) {
	palettes := regexp.MustCompile(`:root \{([^}]*)\}`).FindAllStringSubmatch(pageStyle, -1)
	if len(palettes) != 3 {
		t.Fatalf("%d palettes, want those for light, dark and paper", len(palettes))
	}
	for _, p := range palettes {
		colours := map[string]string{}
		for _, m := range regexp.MustCompile(`--(\w+): #(\w+)`).FindAllStringSubmatch(p[1], -1) {
			colours[m[1]] = m[2]
		}
		for _, text := range []string{"ink", "soft", "link", "critical", "high", "medium", "low", "informational", "good", "unknown"} {
			for _, ground := range []string{"page", "tint"} {
				if c := contrast(t, colours[text], colours[ground]); c < 4.5 {
					t.Errorf("%s (#%s) on %s (#%s): contrast %.2f, want 4.5", text, colours[text], ground, colours[ground], c)
				}
			}
		}
	}
}

// contrast is that of WCAG 2.2: relative luminances by sRGB.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil || len(hex) != 6 {
		t.Fatalf("colour %q: %v", hex, err)
	}
	linear := func(v uint64) float64 {
		c := float64(v&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(n>>16) + 0.7152*linear(n>>8) + 0.0722*linear(n)
}

// TestStructure holds what those need who do not see the page: one heading of the first level, no level
// left out, tables whose headers say what they head, a picture with words.
func TestStructure(t *testing.T) {
	for _, in := range []Input{example(), bare()} {
		var out bytes.Buffer
		if err := HTML(&out, Make(in)); err != nil {
			t.Fatal(err)
		}
		page := out.String()
		level := 0
		for _, m := range regexp.MustCompile(`<h([1-6])[ >]`).FindAllStringSubmatch(page, -1) {
			n := int(m[1][0] - '0')
			if n > level+1 || n == 1 && level > 0 {
				t.Errorf("a heading of level %d after one of level %d", n, level)
			}
			level = n
		}
		for _, m := range regexp.MustCompile(`<th[ >][^>]*`).FindAllString(page, -1) {
			if !strings.Contains(m, "scope=") {
				t.Errorf("%s: want a scope", m)
			}
		}
		for _, want := range []string{`<html lang="en" dir="ltr">`, "<main", "<nav aria-label", "<header>", "<footer>", `class="skip"`} {
			if !strings.Contains(page, want) {
				t.Errorf("want %s", want)
			}
		}
		if strings.Contains(page, "<svg") && !strings.Contains(page, `role="img" aria-labelledby="picture-title picture-text"`) {
			t.Error("want a picture with words")
		}
	}
}
