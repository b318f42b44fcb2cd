// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package middleware

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts and times requests by route pattern and status.
func Metrics(registry prometheus.Registerer, route RouteOf) Middleware {
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "alumni_portal_requests_total", Help: "Requests answered, by route pattern, method and status.",
	}, []string{"route", "method", "code"})
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "alumni_portal_request_seconds", Help: "Time to answer, by route pattern.",
		Buckets: []float64{.002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"route"})
	inFlight := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "alumni_portal_requests_in_flight", Help: "Requests being answered now.",
	})
	registry.MustRegister(requests, seconds, inFlight)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			begin, rec, name := time.Now(), &recorder{ResponseWriter: w}, route(r)
			inFlight.Inc()
			defer func() {
				inFlight.Dec()
				requests.WithLabelValues(name, method(r), strconv.Itoa(rec.code())).Inc()
				seconds.WithLabelValues(name).Observe(time.Since(begin).Seconds())
			}()
			next.ServeHTTP(rec, r)
		})
	}
}
