// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// ErrLocked says that another process holds the lock.
var ErrLocked = errors.New("locked")

// TryLock takes the lock of a file, which it makes if need be, or fails with
// ErrLocked. The lock belongs to the open file: whoever inherits that holds it too,
// and it is free when all of them have ended, however they did.
func TryLock(path string) (*os.File, error) {
	return lock(path, unix.F_OFD_SETLK)
}

// Lock waits for the lock.
func Lock(path string) (*os.File, error) {
	return lock(path, unix.F_OFD_SETLKW)
}

// Held tells whether anybody holds the lock, without taking it.
func Held(path string) (bool, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer file.Close()
	whole := unix.Flock_t{Type: unix.F_WRLCK}
	if err := unix.FcntlFlock(file.Fd(), unix.F_OFD_GETLK, &whole); err != nil {
		return false, fmt.Errorf("lock %s: %w", path, err)
	}
	return whole.Type != unix.F_UNLCK, nil
}

func lock(path string, how int) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		switch err := unix.FcntlFlock(file.Fd(), how, &unix.Flock_t{Type: unix.F_WRLCK}); {
		case err == nil:
			return file, nil
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EACCES):
			file.Close()
			return nil, ErrLocked
		default:
			file.Close()
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
	}
}
