// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/alumni-operator/alumni-operator/internal/channel/line"
	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/portal/i18n"
	"github.com/alumni-operator/alumni-operator/internal/portal/middleware"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/survey"
	"github.com/alumni-operator/alumni-operator/internal/tracking"
	"github.com/alumni-operator/alumni-operator/internal/unsubscribe"
)

const (
	// bodyLimit is far above the longest profile and far below what would hurt.
	bodyLimit = 64 << 10
	// requestLimit bounds the work for one request.
	requestLimit = 10 * time.Second
	// signInEvery and signInBurst allow one client address a link every two seconds after thirty at once: many
	// members may share an address, at a reunion for example.
	signInEvery = 2 * time.Second
	signInBurst = 30
	// followEvery and followBurst are for links of mails: many members may read one in the same office.
	followEvery = 100 * time.Millisecond
	followBurst = 200
	// eventEvery and eventBurst are for LINE, which tells what all its users do from a few addresses.
	eventEvery = 10 * time.Millisecond
	eventBurst = 500
)

// Services are what the portal needs of the domain.
type Services interface {
	community.SignInService
	community.SessionService
	community.MemberService
	community.AddressService
	community.AccessService
	community.NoticeService
	community.EventService
	community.FeedService
	community.LINEService
	community.UnsubscribeService
	community.TrackingService
	community.SurveyService
	community.TrialService
	community.StaffService
	community.ConsoleService
}

// LinkRequests takes requests for sign-in links off the visitor's hands, so that the answer tells nothing, not
// even by its time, about the address.
type LinkRequests interface {
	// Offer takes a request, and answers false when there are too many to take.
	Offer(address string, locale community.Locale, from netip.Addr) bool
}

// Config is everything that a Server is made of.
type Config struct {
	Network  settings.Network
	Services Services
	Links    LinkRequests
	// StaffLinks takes those of the office's; of a network with a console only.
	StaffLinks LinkRequests
	Tokens     *unsubscribe.Signer
	Tracker    *tracking.Signer
	Surveys    *survey.Signer
	// Ready answers nil when the store can be used.
	Ready func(context.Context) error
	// Wake says that a mail was queued.
	Wake     func()
	Log      *slog.Logger
	Registry prometheus.Registerer
	Now      func() time.Time
	// Proxies are the networks whose X-Forwarded-For is believed.
	Proxies []netip.Prefix
	// LINEDir is the folder with the secret by which LINE signs events; of a network with a LINE account only.
	LINEDir string
}

// Server answers the requests to one network's portal.
type Server struct {
	Config
	catalogue *i18n.Catalogue
	pages     *pages
	assets    *assets
	zone      *time.Location
	secure    bool
	readiness *readiness
	draining  atomic.Bool
	counters  counters
	guesses   *guesses
	lineFault atomic.Bool // the secret for LINE cannot be read, and that was told
	mux       *http.ServeMux
	handler   http.Handler
}

// New checks the configuration, reads every text and template, and wires the routes.
func New(config Config) (*Server, error) {
	s := &Server{Config: config, secure: strings.HasPrefix(config.Network.PublicURL, "https://")}
	var err error
	if s.zone, err = time.LoadLocation(config.Network.TimeZone); err != nil {
		return nil, errors.New("the network's time zone is unknown")
	}
	if _, ok := community.ParseLocale(config.Network.DefaultLocale); !ok {
		return nil, errors.New("the network's default locale is unknown")
	}
	if s.catalogue, err = i18n.Load(); err != nil {
		return nil, err
	}
	if s.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	if s.pages, err = s.loadPages(); err != nil {
		return nil, err
	}
	s.readiness = &readiness{check: config.Ready, now: config.Now}
	s.counters = newCounters(config.Registry)
	s.guesses = &guesses{now: config.Now, of: map[string][]time.Time{}}
	s.lineSecret() // tells at once what is wrong with it
	s.mux = s.routes()
	s.handler, err = s.wrap(http.HandlerFunc(s.dispatch))
	return s, err
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Drain makes the server say that it is not ready, so that no new visitor is sent to it, while it goes on to
// answer those who come all the same.
func (s *Server) Drain() { s.draining.Store(true) }

// wrap puts the middleware around the routes, the outermost first.
func (s *Server) wrap(h http.Handler) (http.Handler, error) {
	crossOrigin, err := middleware.CrossOrigin(s.Network.PublicURL, []string{routeUnsubscribe, routeLINE}, s.refuse)
	if err != nil {
		return nil, err
	}
	limiter := middleware.NewLimiter(signInEvery, signInBurst, s.Now)
	links := middleware.NewLimiter(followEvery, followBurst, s.Now)
	events := middleware.NewLimiter(eventEvery, eventBurst, s.Now)
	followed := map[string]bool{routeClick: true, routeClickOf: true, routeOpen: true, routeSurvey: true, routeAnswer: true}
	quiet := map[string]bool{routeHealth: true, routeReady: true, routeAssets: true}
	return middleware.Chain(h,
		middleware.RequestID(),
		middleware.AccessLog(s.Log, s.routeOf, quiet),
		middleware.Metrics(s.Registry, s.routeOf),
		middleware.Drain(&s.draining),
		middleware.Headers(s.secure),
		middleware.Recover(s.Log, s.refuse),
		middleware.Deadline(requestLimit),
		middleware.BodyLimit(s.bodyLimit, s.refuse),
		crossOrigin,
		middleware.RateLimit(limiter, s.routeOf, map[string]bool{routeSignIn: true, routeStaffSignIn: true}, s.Proxies, s.refuse),
		middleware.RateLimit(links, s.routeOf, followed, s.Proxies, s.refuse),
		middleware.RateLimit(events, s.routeOf, map[string]bool{routeLINE: true}, s.Proxies, s.refuse),
	), nil
}

// bodyLimit is how much of a request is read.
func (s *Server) bodyLimit(r *http.Request) int64 {
	if s.routeOf(r) == routeLINE {
		return line.MaxEvents
	}
	return bodyLimit
}

// counters are what the portal counts beside requests. None has a label that speaks of one person.
type counters struct {
	signIns, staffSignIns, unsubscribes, reactions, lineEvents *prometheus.CounterVec
	withdrawals                                                prometheus.Counter
}

func newCounters(registry prometheus.Registerer) counters {
	c := counters{
		signIns: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "alumni_portal_sign_ins_total", Help: "Sign-in links opened, by what came of it: SignedIn, Joined or Refused.",
		}, []string{"outcome"}),
		unsubscribes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "alumni_portal_unsubscribes_total", Help: "Unsubscribe requests, by outcome: Changed, Unchanged or Invalid.",
		}, []string{"outcome"}),
		withdrawals: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "alumni_portal_withdrawals_total", Help: "Members who left the network on the portal.",
		}),
	}
	c.staffSignIns = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "alumni_portal_staff_sign_ins_total", Help: "Sign-in links of staff used, by what came of it: SignedIn or Refused.",
	}, []string{"outcome"})
	c.reactions = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "alumni_portal_reactions_total", Help: "Links and images of campaign mails asked for, by what came of it: Counted, Machine, Lost or Invalid.",
	}, []string{"kind", "outcome"})
	c.lineEvents = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "alumni_portal_line_events_total", Help: "Codes, follows and unfollows that LINE told, by outcome: Linked, Refused, Limited, Changed or Unchanged.",
	}, []string{"kind", "outcome"})
	registry.MustRegister(c.signIns, c.staffSignIns, c.unsubscribes, c.withdrawals, c.reactions, c.lineEvents)
	return c
}
