//go:build unix

package main

import (
	"os"
	"runtime"
	"syscall"
	"time"
)

// cpuTime is the user and system time that this process has used so far, all threads together.
func cpuTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err) // it fails only for arguments that are wrong
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// peakRSS is the largest resident memory of a child that has ended, in bytes.
func peakRSS(state *os.ProcessState) int64 {
	r, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		return int64(r.Maxrss) // bytes there, KiB elsewhere
	}
	return int64(r.Maxrss) * 1024
}
