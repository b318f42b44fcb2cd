// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import _ "embed"

var (
	//go:embed queries/server.sql
	sqlServer string
	//go:embed queries/roles.sql
	sqlRoles string
	//go:embed queries/verifiers.sql
	sqlVerifiers string
	//go:embed queries/database.sql
	sqlDatabase string
	//go:embed queries/database_privileges.sql
	sqlDatabasePrivileges string
	//go:embed queries/template.sql
	sqlTemplate string
	//go:embed queries/old_templates.sql
	sqlOldTemplates string
	//go:embed queries/copied_from.sql
	sqlCopiedFrom string
	//go:embed queries/claim.sql
	sqlClaim string
	//go:embed queries/make_claim.sql
	sqlMakeClaim string
	//go:embed queries/make_trial.sql
	sqlMakeTrial string
	//go:embed queries/make_restore.sql
	sqlMakeRestore string
	//go:embed queries/restore.sql
	sqlRestore string
	//go:embed queries/schemas.sql
	sqlSchemas string
	//go:embed queries/foreign.sql
	sqlForeign string
	//go:embed queries/objects.sql
	sqlObjects string
	//go:embed queries/privileges.sql
	sqlPrivileges string
	//go:embed queries/public_create.sql
	sqlPublicCreate string
	//go:embed queries/schema_version.sql
	sqlSchemaVersion string
	//go:embed queries/tables.sql
	sqlTables string
)
