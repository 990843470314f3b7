// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package statefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest"
	"go.uber.org/zap/zaptest/observer"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func version(t testing.TB, path string) string {
	t.Helper()
	cfg, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return cfg.Version
}

func TestFileRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.json")
	f := Open(path, zaptest.NewLogger(t))
	f.Save(&config.Config{Version: "1", Certificates: []config.Certificate{{ID: "c", Chain: "chain", Key: "key"}}})
	f.Close()
	cfg, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Version != "1" || len(cfg.Certificates) != 1 || cfg.Certificates[0].Key != "key" {
		t.Errorf("read back %+v", cfg)
	}
}

func TestFileIsPrivateAndAlone(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config.json")
	if err := os.WriteFile(path, []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	f := Open(path, zaptest.NewLogger(t))
	f.Save(&config.Config{Version: "1"})
	f.Close()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the mode is %s", info.Mode())
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestFileCloseWritesTheNewest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.json")
	f := Open(path, zaptest.NewLogger(t))
	for i := range 100 {
		f.Save(&config.Config{Version: fmt.Sprint(i)})
	}
	f.SaveSoon(&config.Config{Version: "last"})
	f.Close()
	if got := version(t, path); got != "last" {
		t.Errorf("kept %s", got)
	}
}

func TestFileCoalescesWhatIsNotUrgent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.json")
	synctest.Test(t, func(t *testing.T) {
		f := Open(path, zaptest.NewLogger(t))
		defer f.Close()
		f.SaveSoon(&config.Config{Version: "1"})
		f.SaveSoon(&config.Config{Version: "2"})
		time.Sleep(coalesce - time.Millisecond)
		synctest.Wait()
		if _, err := Load(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("written at once (error %v)", err)
		}
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		if got := version(t, path); got != "2" {
			t.Errorf("kept %s", got)
		}
		f.SaveSoon(&config.Config{Version: "3"})
		synctest.Wait()
		f.Save(&config.Config{Version: "4"})
		synctest.Wait()
		if got := version(t, path); got != "4" {
			t.Errorf("a configuration waited for endpoints, kept %s", got)
		}
	})
}

func TestFileReportsWhatItCannotWrite(t *testing.T) {
	core, logs := observer.New(zapcore.ErrorLevel)
	f := Open(filepath.Join(t.TempDir(), "missing", "config.json"), zap.New(core))
	f.Save(&config.Config{Version: "1"})
	f.Close()
	if logs.Len() != 1 {
		t.Errorf("%d errors were logged, want 1", logs.Len())
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	if _, err := Load(filepath.Join(dir, "none.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	for name, content := range map[string]string{
		"empty":      "",
		"cut":        `{"version":"1","routes":[{"id":`,
		"too new":    `{"version":"1","hyperspace":true}`,
		"not JSON":   "version: 1\n",
		"wrong kind": `[]`,
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path)
		if _, ok := errors.AsType[*config.Refusal](err); !ok {
			t.Errorf("%s: got %v, want a refusal", name, err)
		}
	}
}
