// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/jackc/pgx/v5"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
)

const createsAll = "CREATEDB CREATEROLE"

func TestANetworkOnAnExistingServerBecomesReady(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	n := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())

	s.ready(ctx, g, n)

	g.Expect(n.Status.Store.SchemaVersion).To(BeNumerically(">", 0))
	g.Expect(n.Status.Store.Database).To(Equal(naming.Database(namespace, "main")))
	g.Expect(n.Status.URL).To(Equal("https://alumni.hoshino.example"))
	s.condition(ctx, g, n, v1alpha1.ChannelsReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonNoSender)
	s.condition(ctx, g, n, v1alpha1.RosterSyncedCondition, metav1.ConditionTrue, v1alpha1.ReasonNotConfigured)
}

func TestAMissingAdminSecretIsNamedAndPickedUpWithinSeconds(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	n := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())

	message := s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound)
	g.Expect(message).To(ContainSubstring("pg-admin"))

	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	created := time.Now()
	s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonProvisioned)
	t.Logf("provisioned %s after the Secret was made", time.Since(created).Round(beat))
	g.Expect(time.Since(created)).To(BeNumerically("<", 40*time.Second), "without its watch it would be looked for after a minute")
}

func TestAnIncompleteAdminSecretNamesTheKey(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	data := adminRole(ctx, t, g, createsAll)
	delete(data, "host")
	s.secret(ctx, g, namespace, "pg-admin", data)
	n := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())

	message := s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretInvalid)
	g.Expect(message).To(ContainSubstring("host"))
}

func TestAWrongPasswordIsToldAndHealsWhenTheSecretIsCorrected(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	data := adminRole(ctx, t, g, createsAll)
	right := data["password"]
	data["password"] = []byte("canary-wrong-password-41")
	admin := s.secret(ctx, g, namespace, "pg-admin", data)
	n := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())

	message := s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonAuthenticationFailed)
	g.Expect(message).To(ContainSubstring("pg-admin"))
	s.holdsNoSecret(ctx, g, namespace, "canary-wrong-password-41")

	admin.Data["password"] = right
	g.Expect(s.Client.Update(ctx, admin)).To(Succeed())
	s.ready(ctx, g, n)
	s.holdsNoSecret(ctx, g, namespace, string(right))
}

func TestAServerThatDoesNotAnswerIsToldAndHealsByItself(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	server := pg.New(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", map[string][]byte{
		"host": []byte(server.Host), "port": []byte(strconv.Itoa(server.Port)), "username": []byte("postgres"),
		"password": []byte(server.Password), "sslmode": []byte("disable"),
	})
	n := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.ready(ctx, g, n)

	server.Stop(t)
	s.poke(ctx, g, n)
	s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonUnreachable)
	s.condition(ctx, g, n, v1alpha1.PortalAvailableCondition, metav1.ConditionTrue, v1alpha1.ReasonAvailable)

	server.Restart(t)
	s.ready(ctx, g, n)
}

func TestAnAdminWithoutTheRightsIsToldAndHealsWhenItGetsThem(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	data := adminRole(ctx, t, g, "NOCREATEDB NOCREATEROLE")
	s.secret(ctx, g, namespace, "pg-admin", data)
	n := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())

	s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonInsufficientPrivilege)

	sql(ctx, t, g, "ALTER ROLE "+pgx.Identifier{string(data["username"])}.Sanitize()+" "+createsAll)
	s.ready(ctx, g, n)
}

func TestTLSThatTheServerDoesNotSpeakIsTold(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	data := adminRole(ctx, t, g, createsAll)
	delete(data, "sslmode") // the default is the safest
	s.secret(ctx, g, namespace, "pg-admin", data)
	n := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())

	s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonTLSFailed)
}

func TestADatabaseOfAnotherNetworkIsNotTouched(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	data := adminRole(ctx, t, g, createsAll)
	shares := func(n *v1alpha1.AlumniNetwork) { n.Spec.Store.External.Database = "shared_by_two" }
	first, second := s.tenant(ctx, t, g), s.tenant(ctx, t, g)
	for _, namespace := range []string{first, second} {
		s.secret(ctx, g, namespace, "pg-admin", data)
	}
	owner := external(first, "main", shares)
	g.Expect(s.Client.Create(ctx, owner)).To(Succeed())
	s.ready(ctx, g, owner)
	before := roleState(ctx, t, g, "shared_by_two")

	n := external(second, "main", shares)
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	message := s.condition(ctx, g, n, v1alpha1.StalledCondition, metav1.ConditionTrue, v1alpha1.ReasonStoreClaimed)

	g.Expect(message).NotTo(ContainSubstring(first), "a message must not tell whose the database is")
	g.Expect(roleState(ctx, t, g, "shared_by_two")).To(Equal(before))
	s.ready(ctx, g, owner)
}

func TestWhatIsDroppedOnTheServerIsPutBack(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	n := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.ready(ctx, g, n)
	before := roleState(ctx, t, g, n.Status.Store.Database)

	portal := naming.DatabaseRole(n.Status.Store.Database, naming.RolePortal)
	sql(ctx, t, g, "ALTER ROLE "+pgx.Identifier{portal}.Sanitize()+" NOLOGIN PASSWORD 'somebody-elses-password'")
	g.Expect(roleState(ctx, t, g, n.Status.Store.Database)).NotTo(Equal(before))
	s.poke(ctx, g, n)

	g.Eventually(func() map[string]bool { return roleState(ctx, t, g, n.Status.Store.Database) }, settle, beat).Should(Equal(before))
	g.Eventually(func() error { return s.login(ctx, g, n, naming.RolePortal) }, settle, beat).Should(Succeed())
}

func TestADeletedLoginIsMadeAgainAndWorks(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	n := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.ready(ctx, g, n)

	login := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: naming.DatabaseSecret("main", naming.RoleCampaign)}}
	g.Expect(s.Client.Delete(ctx, login)).To(Succeed())

	g.Eventually(func() error { return s.login(ctx, g, n, naming.RoleCampaign) }, settle, beat).Should(Succeed())
}

// login tries the login of a role as its pods would.
func (s suite) login(ctx context.Context, g Gomega, n *v1alpha1.AlumniNetwork, role naming.Role) error {
	secret, endpoint := &corev1.Secret{}, &corev1.ConfigMap{}
	key := client.ObjectKey{Namespace: n.Namespace, Name: naming.DatabaseSecret(n.Name, role)}
	if err := s.Client.Get(ctx, key, secret); err != nil {
		return err
	}
	g.Expect(s.Client.Get(ctx, client.ObjectKey{Namespace: n.Namespace, Name: naming.StoreEndpoint(n.Name)}, endpoint)).To(Succeed())
	config, err := pgx.ParseConfig("")
	g.Expect(err).NotTo(HaveOccurred())
	port, err := strconv.ParseUint(endpoint.Data["port"], 10, 16)
	g.Expect(err).NotTo(HaveOccurred())
	config.Host, config.Port, config.Database = endpoint.Data["host"], uint16(port), endpoint.Data["dbname"]
	config.User, config.Password, config.TLSConfig = string(secret.Data["username"]), string(secret.Data["password"]), nil
	config.Fallbacks = nil
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// sql runs one statement as superuser of the shared server.
func sql(ctx context.Context, t *testing.T, g Gomega, statement string) {
	conn, err := pgx.Connect(ctx, pg.Start(t).AdminDSN())
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, statement)
	g.Expect(err).NotTo(HaveOccurred())
}

// inside connects to one database as superuser of the shared server.
func inside(ctx context.Context, t *testing.T, g Gomega, database string) *pgx.Conn {
	server := pg.Start(t)
	conn, err := pgx.Connect(ctx, server.DSN("postgres", server.Password, database))
	g.Expect(err).NotTo(HaveOccurred())
	return conn
}

// roleState says for each role of a database whether it may log in.
func roleState(ctx context.Context, t *testing.T, g Gomega, database string) map[string]bool {
	conn, err := pgx.Connect(ctx, pg.Start(t).AdminDSN())
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, "SELECT rolname, rolcanlogin FROM pg_roles WHERE starts_with(rolname, $1)", database+"_")
	g.Expect(err).NotTo(HaveOccurred())
	state := map[string]bool{}
	for rows.Next() {
		var name string
		var login bool
		g.Expect(rows.Scan(&name, &login)).To(Succeed())
		state[name] = login
	}
	g.Expect(rows.Err()).NotTo(HaveOccurred())
	return state
}

func TestADatabaseThatIsGoneIsNotReplacedByAnEmptyOne(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	n := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.ready(ctx, g, n)

	sql(ctx, t, g, "DROP DATABASE "+pgx.Identifier{n.Status.Store.Database}.Sanitize()+" WITH (FORCE)")
	s.poke(ctx, g, n)

	message := s.condition(ctx, g, n, v1alpha1.StalledCondition, metav1.ConditionTrue, v1alpha1.ReasonStoreMissing)
	g.Expect(message).To(ContainSubstring("restore it"))
	g.Expect(kstatusOf(g, n)).To(Equal(status.FailedStatus))
}

func TestAKeyThatIsGoneIsNotReplacedByANewOne(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	n := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.ready(ctx, g, n)
	for _, name := range []string{naming.PepperSecret("main"), naming.TokenKeySecret("main")} {
		key := &corev1.Secret{}
		g.Expect(s.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, key)).To(Succeed())
		g.Expect(s.Client.Delete(ctx, key)).To(Succeed())
		s.poke(ctx, g, n)
		message := s.condition(ctx, g, n, v1alpha1.StalledCondition, metav1.ConditionTrue, v1alpha1.ReasonKeyLost)
		g.Expect(message).To(ContainSubstring(name))
		err := s.Client.Get(ctx, client.ObjectKeyFromObject(key), &corev1.Secret{})
		g.Expect(apierrors.IsNotFound(err)).To(BeTrue(), "no new key")
		key.ResourceVersion, key.UID = "", ""
		g.Expect(s.Client.Create(ctx, key)).To(Succeed())
		s.ready(ctx, g, n)
	}
}
