-- Whether the store has posts, tracking, tests, resends, lags and senders, and they may be read: the store of an earlier version has none.
SELECT coalesce(has_table_privilege(to_regclass('alumni_stats.campaign_posts'), 'SELECT'), false),
       coalesce(has_table_privilege(to_regclass('alumni_stats.campaign_tracking'), 'SELECT'), false),
       coalesce(has_table_privilege(to_regclass('alumni_stats.campaign_variants'), 'SELECT'), false)
   AND coalesce(has_table_privilege(to_regclass('alumni_stats.campaign_tests'), 'SELECT'), false),
       coalesce(has_table_privilege(to_regclass('alumni_stats.campaign_resends'), 'SELECT'), false),
       coalesce(has_table_privilege(to_regclass('alumni_stats.campaign_lags'), 'SELECT'), false),
       coalesce(has_table_privilege(to_regclass('alumni_stats.send_allowances'), 'SELECT'), false)
