package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"aldebaran/hunt"
	"aldebaran/packs"
	"aldebaran/packs/demo"
)

func demoCommand() *cobra.Command {
	var (
		f    outputFlags
		keep string
	)
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Hunt in made-up evidence that comes with the program; needs nothing",
		Long: `Demo writes the logs of an invented ministry's servers, with an invented intrusion in them, to a
folder, and hunts in them as hunt --story would, for a story as the press might have it. Nothing
of the evidence is real: every event is SYNTHETIC.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.complete(); err != nil {
				return err
			}
			dir, err := writeDemo(keep)
			if err != nil {
				return err
			}
			if keep == "" {
				defer os.RemoveAll(dir)
			}
			opt := hunt.Options{Evidence: []string{dir}, DefaultRules: packs.Rules()}
			know := knowledgeFlags{about: []string{"phantom-taurus"}, sector: "government", region: "Middle East"}
			if err := know.know(&opt, cmd.InOrStdin(), cmd.ErrOrStderr(), time.Now()); err != nil {
				return err
			}
			if err := askStory(&opt, bytes.NewReader(demo.Story()), "story.md"); err != nil {
				return err
			}
			look := hunt.TableOptions{Heading: "SYNTHETIC EVIDENCE: an invented ministry, an invented intrusion. Nothing of this is real."}
			if keep == "" {
				look.Next = "keep the evidence to look into it: aldebaran demo --keep FOLDER"
			}
			return runHunt(cmd, opt, f, "never", look)
		},
	}
	f.add(cmd.Flags())
	cmd.Flags().StringVar(&keep, "keep", "", "write the evidence to this `folder` and leave it there")
	return cmd
}

// writeDemo writes the evidence into a folder, a temporary one if none is given.
func writeDemo(dir string) (string, error) {
	files, err := demo.Evidence()
	if err != nil {
		return "", fmt.Errorf("making the evidence: %w", err)
	}
	if dir == "" {
		if dir, err = os.MkdirTemp("", "aldebaran-demo-"); err != nil {
			return "", fmt.Errorf("making a folder for the evidence: %w", err)
		}
	}
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return "", fmt.Errorf("writing the evidence: %w", err)
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			return "", fmt.Errorf("writing the evidence: %w", err)
		}
	}
	return dir, nil
}
