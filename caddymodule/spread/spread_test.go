// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package spread

import (
	"fmt"
	"math"
	"sync"
	"testing"
)

// TestSpreadIsExact picks for one whole turn, by several goroutines at once.
func TestSpreadIsExact(t *testing.T) {
	for _, tt := range []struct {
		weights []int32
		turn    int
		want    []int
	}{
		{[]int32{1}, 10, []int{10}},
		{[]int32{70, 30, 0}, 500, []int{350, 150, 0}},
		{[]int32{8, 2}, 500, []int{400, 100}},
		{[]int32{0, 1}, 7, []int{0, 7}},
		{[]int32{1, 1, 1}, 300, []int{100, 100, 100}},
		{[]int32{1_000_000, 1_000_000}, 2, []int{1, 1}},
		{[]int32{1_000_000, 1}, 1_000_001, []int{1_000_000, 1}},
		{[]int32{999_983, 7, 10}, 1_000_000, []int{999_983, 7, 10}},
	} {
		t.Run(fmt.Sprint(tt.weights), func(t *testing.T) {
			s := New(tt.weights)
			var mu sync.Mutex
			var wg sync.WaitGroup
			got := make([]int, len(tt.weights))
			const goroutines = 4
			for g := range goroutines {
				wg.Go(func() {
					own := make([]int, len(tt.weights))
					for i := g; i < tt.turn; i += goroutines {
						own[s.Pick()]++
					}
					mu.Lock()
					defer mu.Unlock()
					for i, n := range own {
						got[i] += n
					}
				})
			}
			wg.Wait()
			if fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("%d picks: %v, want %v", tt.turn, got, tt.want)
			}
		})
	}
}

// TestSpreadIsSmooth looks at all short runs: none may stray far from its share.
func TestSpreadIsSmooth(t *testing.T) {
	for _, weights := range [][]int32{{70, 30}, {9, 1}, {333, 667}, {5, 3, 2}, {999_983, 500_000, 17}} {
		s := New(weights)
		var total float64
		for _, w := range weights {
			total += float64(w)
		}
		const picks = 2000
		counts := make([][]float64, len(weights))
		for i := range counts {
			counts[i] = make([]float64, picks+1)
		}
		for n := range picks {
			chosen := s.Pick()
			for i := range weights {
				counts[i][n+1] = counts[i][n]
			}
			counts[chosen][n+1]++
		}
		const run = 50
		for i, w := range weights {
			for n := range picks - run {
				got, want := counts[i][n+run]-counts[i][n], run*float64(w)/total
				if math.Abs(got-want) > 4 {
					t.Fatalf("weights %v: picks %d to %d have choice %d %v times, want about %.1f", weights, n, n+run, i, got, want)
				}
			}
		}
	}
}

func TestSpreadOfNothing(t *testing.T) {
	for _, weights := range [][]int32{nil, {0}, {0, 0}} {
		if New(weights) != nil {
			t.Errorf("weights %v: want no spread", weights)
		}
	}
}
