// Command detections shows what the detections of our packs find in public evidence. In goes the folder of
// the test data; out comes a report in Markdown:
//
//	go run ./bench/detections CORPUS            which detection is raised by which recording, beside its labels
//	go run ./bench/detections -benign CORPUS    what of level high or above is raised where nothing happened
//
// It hunts as the program does without flags: all packs, behaviours and indicators, those that have expired
// included. The first report hunts each recording by itself, the second each set as a whole, as somebody
// does who was handed it.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "detections:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) (err error) {
	flags := flag.NewFlagSet("detections", flag.ContinueOnError)
	benign := flags.Bool("benign", false, "report findings in benign sets instead")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return fmt.Errorf("want the folder of the test data, found %d arguments", flags.NArg())
	}
	temp, err := os.MkdirTemp("", "aldebaran-detections-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	h, err := newHunter(temp)
	if err != nil {
		return err
	}
	c := corpus{root: flags.Arg(0), temp: temp}
	w := bufio.NewWriter(stdout)
	if *benign {
		err = reportBenign(ctx, w, h, c)
	} else {
		err = reportDetections(ctx, w, h, c)
	}
	return errors.Join(err, w.Flush())
}
