"""Where each family below the statutory threshold stands at the end of a simulated month.

A family stands where its worst-placed child does. Help counts once the family was met; an offer that waits for an
answer is a clock that runs.
"""

# A case that nobody decided yet runs inside its time while any clock of its decision has time left.
ENDS = """
    SELECT c.id, CASE
        WHEN c.status <> 'decided' AND NOT EXISTS (
            SELECT FROM clocks k WHERE k.case_id = c.id AND k.ended_at IS NULL AND k.due_at > clock_timestamp()
                AND k.kind IN ('statutory', 'colour', 'needed_by', 'information_request')) THEN 'out of time'
        WHEN c.status <> 'decided' THEN 'still running inside its time'
        WHEN bool_or(o.status IN ('offered', 'accepted') AND o.late) THEN 'out of time'
        WHEN bool_or(o.status IN ('offered', 'accepted')) THEN 'still running inside its time'
        WHEN bool_or(ch.outcome IN ('family_hub', 'targeted_early_help') AND o.status IS NULL)
            THEN 'a person''s decision, no service free or fitting'
        WHEN bool_or(o.status = 'started' OR o.result IS NOT NULL) THEN 'help started or closed with a result'
        ELSE 'a person''s decision' END AS how
    FROM cases c
    JOIN children ch ON ch.case_id = c.id
    LEFT JOIN LATERAL (
        SELECT o.status, o.result, NOT EXISTS (
            SELECT FROM clocks k WHERE k.about = o.id AND k.ended_at IS NULL AND k.due_at > clock_timestamp()) AS late
        FROM offers o WHERE o.case_id = c.id AND o.child = ch.child
            AND (o.status IN ('offered', 'accepted', 'started') OR o.result IS NOT NULL)
        ORDER BY o.offered_at DESC, o.id DESC LIMIT 1) o ON true
    GROUP BY c.id, c.status, c.level, c.decided_level
    HAVING coalesce(c.decided_level, c.level) < 4
"""
