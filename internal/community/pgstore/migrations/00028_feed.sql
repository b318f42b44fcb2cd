-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- What members tell each other: posts, comments, thanks, and reports of what breaks the rules.
--
-- recipient_id is who wrote a row. It has no foreign key, for the reason given in 00007: a trigger lets the rows go with their member.
-- A comment does not refer to its post by a key either: what others wrote below a post stays when the post is gone.

-- +goose Up
-- A member as other members see him or her: whoever takes part, and of them what they show to alumni.
CREATE OR REPLACE VIEW alumni.seen_by_alumni AS
SELECT m.id,
       CASE WHEN shown.name THEN m.family_name ELSE '' END AS family_name,
       CASE WHEN shown.name THEN m.given_name ELSE '' END AS given_name,
       CASE WHEN shown.department THEN coalesce((SELECT e.department FROM alumni.employment e WHERE e.member_id = m.id
           ORDER BY e.left_on DESC NULLS FIRST, e.id DESC LIMIT 1), '') ELSE '' END AS department,
       CASE WHEN shown.employer THEN m.employer ELSE '' END AS employer,
       CASE WHEN shown.title THEN m.title ELSE '' END AS title
FROM alumni.member m
CROSS JOIN LATERAL (
    SELECT coalesce(bool_or(v.field = 'Name'), false) AS name, coalesce(bool_or(v.field = 'Department'), false) AS department,
           coalesce(bool_or(v.field = 'Employer'), false) AS employer, coalesce(bool_or(v.field = 'Title'), false) AS title
    FROM alumni.visibility v WHERE v.member_id = m.id AND v.audience IN ('Alumni', 'Employees')
) shown
WHERE m.state IN ('Active', 'Paused');

CREATE TABLE IF NOT EXISTS alumni.post (
    id           uuid PRIMARY KEY,
    recipient_id uuid NOT NULL,                      -- the author
    kind         text NOT NULL CHECK (kind IN ('News', 'Question', 'Idea')),
    body         text NOT NULL,                      -- plain text; none any more once it is withdrawn
    locale       text NOT NULL CHECK (locale IN ('ja', 'en')),
    newsletter   text NOT NULL DEFAULT 'NotAllowed' CHECK (newsletter IN ('Allowed', 'NotAllowed')),
    state        text NOT NULL DEFAULT 'Published' CHECK (state IN ('Published', 'Withdrawn', 'Hidden')),
    created_at   timestamptz NOT NULL DEFAULT now(),
    edited_at    timestamptz,
    CHECK (char_length(body) <= 4000 AND (body = '') = (state = 'Withdrawn'))
);
CREATE INDEX IF NOT EXISTS post_author ON alumni.post (recipient_id, created_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS post_newest ON alumni.post (created_at DESC, id DESC) WHERE state = 'Published';
CREATE INDEX IF NOT EXISTS post_newest_of_kind ON alumni.post (kind, created_at DESC, id DESC) WHERE state = 'Published';
CREATE INDEX IF NOT EXISTS post_for_newsletters ON alumni.post (created_at DESC, id DESC) WHERE state = 'Published' AND newsletter = 'Allowed';

CREATE TABLE IF NOT EXISTS alumni.post_comment (
    id           uuid PRIMARY KEY,
    post_id      uuid NOT NULL,                      -- no foreign key: it outlives its post
    recipient_id uuid NOT NULL,                      -- the author
    body         text NOT NULL,                      -- as of a post
    state        text NOT NULL DEFAULT 'Published' CHECK (state IN ('Published', 'Withdrawn', 'Hidden')),
    created_at   timestamptz NOT NULL DEFAULT now(),
    CHECK (char_length(body) <= 2000 AND (body = '') = (state = 'Withdrawn'))
);
CREATE INDEX IF NOT EXISTS post_comment_author ON alumni.post_comment (recipient_id, created_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS post_comment_post ON alumni.post_comment (post_id, created_at, id);

CREATE TABLE IF NOT EXISTS alumni.post_reaction (
    recipient_id uuid NOT NULL,                      -- who thanks
    post_id      uuid NOT NULL REFERENCES alumni.post (id) ON DELETE CASCADE,
    kind         text NOT NULL DEFAULT 'Thanks' CHECK (kind = 'Thanks'),
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (recipient_id, post_id, kind)
);
CREATE INDEX IF NOT EXISTS post_reaction_post ON alumni.post_reaction (post_id);

-- Three of different members hide a post or a comment until somebody of the office looks.
CREATE TABLE IF NOT EXISTS alumni.post_report (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recipient_id uuid NOT NULL,                      -- who reports
    post_id      uuid REFERENCES alumni.post (id) ON DELETE CASCADE,
    comment_id   uuid REFERENCES alumni.post_comment (id) ON DELETE CASCADE,
    reason       text NOT NULL CHECK (reason IN ('Slander', 'Confidential', 'Solicitation', 'Other')),
    created_at   timestamptz NOT NULL DEFAULT now(),
    CHECK (num_nonnulls(post_id, comment_id) = 1),
    UNIQUE (recipient_id, post_id),
    UNIQUE (recipient_id, comment_id)
);
CREATE INDEX IF NOT EXISTS post_report_post ON alumni.post_report (post_id);
CREATE INDEX IF NOT EXISTS post_report_comment ON alumni.post_report (comment_id);

-- What the mails of a run tell of the feed. The posts themselves are read when the mails are made.
ALTER TABLE alumni.campaign_run ADD COLUMN IF NOT EXISTS news_posts uuid[] NOT NULL DEFAULT '{}';

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION alumni.post_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM alumni.post p USING gone WHERE p.recipient_id = gone.id;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION alumni.post_comment_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM alumni.post_comment c USING gone WHERE c.recipient_id = gone.id;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION alumni.post_reaction_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM alumni.post_reaction r USING gone WHERE r.recipient_id = gone.id;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION alumni.post_report_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM alumni.post_report r USING gone WHERE r.recipient_id = gone.id;
    RETURN NULL;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION alumni.post_follow() FROM PUBLIC;
REVOKE ALL ON FUNCTION alumni.post_comment_follow() FROM PUBLIC;
REVOKE ALL ON FUNCTION alumni.post_reaction_follow() FROM PUBLIC;
REVOKE ALL ON FUNCTION alumni.post_report_follow() FROM PUBLIC;
CREATE OR REPLACE TRIGGER post_follows AFTER DELETE ON alumni.member
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION alumni.post_follow();
CREATE OR REPLACE TRIGGER post_comment_follows AFTER DELETE ON alumni.member
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION alumni.post_comment_follow();
CREATE OR REPLACE TRIGGER post_reaction_follows AFTER DELETE ON alumni.member
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION alumni.post_reaction_follow();
CREATE OR REPLACE TRIGGER post_report_follows AFTER DELETE ON alumni.member
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION alumni.post_report_follow();

COMMENT ON TABLE alumni.post IS 'AuthoredContent: What a member told the others.';
COMMENT ON COLUMN alumni.post.id IS 'technical';
COMMENT ON COLUMN alumni.post.recipient_id IS 'identifier: The author.';
COMMENT ON COLUMN alumni.post.kind IS 'technical: News, Question or Idea.';
COMMENT ON COLUMN alumni.post.body IS 'content: Free text.';
COMMENT ON COLUMN alumni.post.locale IS 'technical';
COMMENT ON COLUMN alumni.post.newsletter IS 'technical: Whether a newsletter may tell it.';
COMMENT ON COLUMN alumni.post.state IS 'technical: Published, Withdrawn or Hidden.';
COMMENT ON COLUMN alumni.post.created_at IS 'technical';
COMMENT ON COLUMN alumni.post.edited_at IS 'technical';

COMMENT ON TABLE alumni.post_comment IS 'AuthoredContent: What a member answered to a post. Comments of others stay when a post is gone.';
COMMENT ON COLUMN alumni.post_comment.id IS 'technical';
COMMENT ON COLUMN alumni.post_comment.post_id IS 'technical';
COMMENT ON COLUMN alumni.post_comment.recipient_id IS 'identifier: The author.';
COMMENT ON COLUMN alumni.post_comment.body IS 'content: Free text.';
COMMENT ON COLUMN alumni.post_comment.state IS 'technical: Published, Withdrawn or Hidden.';
COMMENT ON COLUMN alumni.post_comment.created_at IS 'technical';

COMMENT ON TABLE alumni.post_reaction IS 'AuthoredContent: For which posts a member gave thanks.';
COMMENT ON COLUMN alumni.post_reaction.recipient_id IS 'identifier: Who thanks.';
COMMENT ON COLUMN alumni.post_reaction.post_id IS 'technical';
COMMENT ON COLUMN alumni.post_reaction.kind IS 'technical';
COMMENT ON COLUMN alumni.post_reaction.created_at IS 'technical';

COMMENT ON TABLE alumni.post_report IS 'AuthoredContent: Which posts and comments a member reported, and why.';
COMMENT ON COLUMN alumni.post_report.id IS 'technical';
COMMENT ON COLUMN alumni.post_report.recipient_id IS 'identifier: Who reports.';
COMMENT ON COLUMN alumni.post_report.post_id IS 'technical';
COMMENT ON COLUMN alumni.post_report.comment_id IS 'technical';
COMMENT ON COLUMN alumni.post_report.reason IS 'content: Slander, Confidential, Solicitation or Other.';
COMMENT ON COLUMN alumni.post_report.created_at IS 'technical';

COMMENT ON COLUMN alumni.campaign_run.news_posts IS 'none: Posts that its mails tell, by their identifiers.';
