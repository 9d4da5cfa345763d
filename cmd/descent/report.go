package main

import (
	"github.com/descent-ml/descent/internal/assess"
	"github.com/descent-ml/descent/internal/config"
	"github.com/descent-ml/descent/train"
)

func writeReport(c *config.Config, sets *config.Sets, r *train.Run, q *assess.Quality) error {
	return nil
}
