package main

import (
	"fmt"
	"math"
)

// Size of a photograph in pixels: that of the printed one, 4 to 5.
const (
	photoWidth  = 192
	photoHeight = 240
)

// figure is a head and shoulders: grey values 0 to 255, and what tells one
// from the other.
type figure struct {
	hair, skin, coat byte
	head             float64 // size, 1 for a grown-up
	long             bool    // hair down to the shoulders
	glasses          bool
}

// figures are the shipped holders'.
var figures = map[string]figure{
	"hanako":  {hair: 40, skin: 205, coat: 90, head: 1, long: true},
	"taro":    {hair: 30, skin: 190, coat: 60, head: 1.05},
	"yoshiko": {hair: 70, skin: 210, coat: 140, head: 0.95, long: true, glasses: true},
	"choju":   {hair: 120, skin: 195, coat: 50, head: 1.05, glasses: true},
	"mirai":   {hair: 35, skin: 215, coat: 170, head: 0.8, long: true},
	"tsuru":   {hair: 225, skin: 200, coat: 110, head: 0.95, glasses: true},
}

// ellipse is filled, or a ring of this width.
type ellipse struct {
	x, y, rx, ry float64
	ring         float64
	grey         byte
}

func (e ellipse) holds(x, y float64) bool {
	d := math.Hypot((x-e.x)/e.rx, (y-e.y)/e.ry)
	return d <= 1 && (e.ring == 0 || d >= 1-e.ring)
}

// draw is the picture as PGM, the last ellipse in front.
func (f figure) draw() []byte {
	parts := f.parts()
	out := fmt.Appendf(nil, "P5\n%d %d\n255\n", photoWidth, photoHeight)
	for y := range photoHeight {
		for x := range photoWidth {
			grey := byte(240 - y/12)
			for _, e := range parts {
				if e.holds(float64(x), float64(y)) {
					grey = e.grey
				}
			}
			out = append(out, grey)
		}
	}
	return out
}

func (f figure) parts() []ellipse {
	const x, y = photoWidth / 2.0, 105.0
	s := f.head
	parts := []ellipse{
		{x: x, y: 250, rx: 80 * s, ry: 75, grey: f.coat},
		{x: x, y: y - 8*s, rx: 52 * s, ry: 60 * s, grey: f.hair},
	}
	if f.long {
		parts = append(parts, ellipse{x: x, y: y + 35*s, rx: 56 * s, ry: 65 * s, grey: f.hair})
	}
	parts = append(parts,
		ellipse{x: x, y: y + 62*s, rx: 17 * s, ry: 30 * s, grey: f.skin - 15}, // neck
		ellipse{x: x, y: y + 6*s, rx: 42 * s, ry: 54 * s, grey: f.skin},
		ellipse{x: x, y: y - 45*s, rx: 40 * s, ry: 18 * s, grey: f.hair},
		ellipse{x: x, y: y + 36*s, rx: 14 * s, ry: 3 * s, grey: 120}, // mouth
		ellipse{x: x, y: y + 16*s, rx: 3 * s, ry: 8 * s, grey: f.skin - 30},
	)
	for _, side := range []float64{-17, 17} {
		parts = append(parts, ellipse{x: x + side*s, y: y, rx: 5 * s, ry: 4 * s, grey: 30})
		if f.glasses {
			parts = append(parts, ellipse{x: x + side*s, y: y, rx: 15 * s, ry: 12 * s, ring: 0.15, grey: 60})
		}
	}
	return parts
}
