-- Ends what must not go on where the backup broke it off. Sessions and links were given to people of another time. Of
-- mails and posts that waited or were on their way nobody knows whether they were sent since, so none is sent again; the runs that
-- they belong to end, for the same reason.
SET LOCAL statement_timeout = 0;
DELETE FROM alumni.session;
DELETE FROM alumni.sign_in_link;
DELETE FROM alumni.staff_session;
DELETE FROM alumni.staff_link;
DELETE FROM alumni.address_change;
UPDATE alumni.portal_mail SET state = 'Failed', lease_until = NULL WHERE state = 'Waiting';
UPDATE alumni.delivery SET state = 'Unknown', reason = 'Restored', lease_owner = NULL, lease_until = NULL
WHERE state IN ('Planned', 'Deferred', 'Claimed');
DELETE FROM alumni.delivery_chunk;
UPDATE alumni.broadcast SET state = 'Unknown', reason = 'Restored', lease_owner = NULL, lease_until = NULL
WHERE state IN ('Planned', 'Deferred', 'Claimed');
UPDATE alumni.campaign_run SET state = 'Failed', failure = 'Restored', finished_at = now(), paused_at = NULL WHERE state IN ('Sending', 'Paused');
