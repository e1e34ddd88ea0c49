/* SPDX-License-Identifier: Apache-2.0 */
/* Points onto roads: what is near, and the most likely sequence of it. */
#include "models/survey_private.h"
#include <math.h>
#include <string.h>

enum { CANDIDATES = 8, INDEX_CELLS = 1 << 22, INDEX_ENTRIES = 1 << 24 };
#define SWITCH_COST 2.0   /* of leaving a road for another, or for none */
#define SWITCH_M    5.0   /* a detour of so many metres costs one more */
#define JUMP_M      500.0 /* beyond, what was before says nothing */

typedef struct segment {
    survey_xy a, b;
    uint32_t road;
    float along_m; /* of a, on its road */
} segment;

typedef struct road_index {
    segment *segment;
    size_t segments;
    double left, bottom, cell;
    size_t columns, rows;
    uint32_t *begin; /* [columns * rows + 1] */
    uint32_t *entry;
} road_index;

/* A place on a road where a point may belong; road QK_SURVEY_OFF_ROAD: none. */
typedef struct candidate {
    survey_xy at;
    int32_t road;
    float along_m, away_m;
    double cost; /* of the best sequence up to here */
    uint32_t from;
} candidate;

static qk_code take_segments(const survey_job *job, road_index *index, qk_error *err)
{
    size_t n = 0;
    for (size_t r = 0; r < job->roads; r++) n += job->road[r].count ? job->road[r].count - 1 : 0;
    index->segment = qk_arena_array(job->scratch, n + 1, sizeof *index->segment);
    if (!index->segment) return qk_fail(err, QK_ENOMEM, "no memory for %zu pieces of road", n);
    for (size_t r = 0; r < job->roads; r++) {
        double along = 0;
        for (size_t v = 0; v + 1 < job->road[r].count; v++) {
            segment *s = &index->segment[index->segments++];
            s->a = qk_survey_xy(job, job->road[r].vertex[v]);
            s->b = qk_survey_xy(job, job->road[r].vertex[v + 1]);
            s->road = (uint32_t)r;
            s->along_m = (float)along;
            along += hypot(s->b.x - s->a.x, s->b.y - s->a.y);
        }
    }
    return QK_OK;
}

/* Cells over the box of the track; large enough that there are not too many of them. */
static void lay_cells(const survey_job *job, road_index *index)
{
    double right = -INFINITY, top = -INFINITY, reach = job->o.reach_m;
    index->left = index->bottom = INFINITY;
    for (size_t i = 0; i < job->points; i++) {
        index->left = fmin(index->left, job->xy[i].x);
        index->bottom = fmin(index->bottom, job->xy[i].y);
        right = fmax(right, job->xy[i].x);
        top = fmax(top, job->xy[i].y);
    }
    double wide = right - index->left + 1, high = top - index->bottom + 1;
    index->cell = fmax(fmax(2 * reach, 50), sqrt(wide * high / INDEX_CELLS) * 1.1 + 1e-9);
    while (ceil(wide / index->cell) * ceil(high / index->cell) > INDEX_CELLS) index->cell *= 2;
    index->columns = (size_t)ceil(wide / index->cell);
    index->rows = (size_t)ceil(high / index->cell);
}

typedef struct cell_box {
    size_t x0, x1, y0, y1;
    bool some;
} cell_box;

static cell_box box_of(const road_index *index, const segment *s, double reach)
{
    double x0 = (fmin(s->a.x, s->b.x) - reach - index->left) / index->cell;
    double x1 = (fmax(s->a.x, s->b.x) + reach - index->left) / index->cell;
    double y0 = (fmin(s->a.y, s->b.y) - reach - index->bottom) / index->cell;
    double y1 = (fmax(s->a.y, s->b.y) + reach - index->bottom) / index->cell;
    double columns = (double)index->columns, rows = (double)index->rows;
    if (!(x1 >= 0 && y1 >= 0 && x0 < columns && y0 < rows)) return (cell_box){0};
    return (cell_box){(size_t)fmax(x0, 0), (size_t)fmin(x1, columns - 1), (size_t)fmax(y0, 0),
                      (size_t)fmin(y1, rows - 1), true};
}

/* Two passes: how many pieces each cell has, then which. */
static qk_code fill_cells(const survey_job *job, road_index *index, qk_error *err)
{
    size_t cells = index->columns * index->rows, entries = 0;
    index->begin = qk_arena_array(job->scratch, cells + 2, sizeof *index->begin);
    if (!index->begin) return qk_fail(err, QK_ENOMEM, "no memory for %zu cells", cells);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t s = 0; s < index->segments; s++) {
            cell_box box = box_of(index, &index->segment[s], job->o.reach_m);
            for (size_t y = box.y0; box.some && y <= box.y1; y++)
                for (size_t x = box.x0; x <= box.x1; x++) {
                    uint32_t *count = &index->begin[y * index->columns + x + 1];
                    if (pass == 0 && ++entries > INDEX_ENTRIES)
                        return qk_fail(err, QK_EFULL, "more pieces of road than fit");
                    if (pass == 1) index->entry[*count] = (uint32_t)s;
                    (*count)++;
                }
        }
        if (pass == 1) break;
        index->entry = qk_arena_array(job->scratch, entries + 1, sizeof *index->entry);
        if (!index->entry) return qk_fail(err, QK_ENOMEM, "no memory for %zu pieces", entries);
        for (size_t c = cells + 1, sum = entries; c-- > 1;) {
            sum -= index->begin[c];
            index->begin[c] = (uint32_t)sum;
        }
        index->begin[0] = 0;
    }
    return QK_OK;
}

static candidate project(const segment *s, survey_xy p)
{
    double dx = s->b.x - s->a.x, dy = s->b.y - s->a.y, length2 = dx * dx + dy * dy;
    double t = length2 > 0 ? ((p.x - s->a.x) * dx + (p.y - s->a.y) * dy) / length2 : 0;
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    candidate c = {.at = {s->a.x + t * dx, s->a.y + t * dy}, .road = (int32_t)s->road};
    c.along_m = s->along_m + (float)(t * sqrt(length2));
    c.away_m = (float)hypot(p.x - c.at.x, p.y - c.at.y);
    return c;
}

/* Keeps the nearest place of each road, and the nearest roads when there are many. */
static void keep_candidate(candidate *list, size_t *n, const candidate *c)
{
    size_t worst = 0;
    for (size_t i = 0; i < *n; i++) {
        if (list[i].road == c->road) {
            if (c->away_m < list[i].away_m) list[i] = *c;
            return;
        }
        if (list[i].away_m > list[worst].away_m) worst = i;
    }
    if (*n < CANDIDATES)
        list[(*n)++] = *c;
    else if (c->away_m < list[worst].away_m)
        list[worst] = *c;
}

static size_t candidates_of(const survey_job *job, const road_index *index, survey_xy p,
                            candidate *list)
{
    size_t n = 0, x = (size_t)((p.x - index->left) / index->cell);
    size_t y = (size_t)((p.y - index->bottom) / index->cell);
    size_t cell = y * index->columns + x;
    for (uint32_t e = index->begin[cell]; e < index->begin[cell + 1]; e++) {
        candidate c = project(&index->segment[index->entry[e]], p);
        if (c.away_m <= job->o.reach_m) keep_candidate(list, &n, &c);
    }
    list[n++] = (candidate){p, QK_SURVEY_OFF_ROAD, 0, (float)job->o.reach_m, 0, 0};
    return n;
}

/* moved: metres between the two points; NaN when what was before says nothing. */
static double change_cost(const candidate *from, const candidate *to, double moved)
{
    if (from->road == to->road || isnan(moved)) return 0;
    if (from->road < 0 || to->road < 0) return SWITCH_COST;
    double way = hypot(to->at.x - from->at.x, to->at.y - from->at.y);
    return SWITCH_COST + fabs(way - moved) / SWITCH_M;
}

static void choose_from(candidate *to, const candidate *before, size_t n, double moved)
{
    double best = INFINITY;
    for (size_t i = 0; i < n; i++) {
        double cost = before[i].cost + change_cost(&before[i], to, moved);
        if (cost < best) {
            best = cost;
            to->from = (uint32_t)i;
        }
    }
    to->cost += best;
}

/* Candidates of every point one behind the other, begin[points + 1]. */
typedef struct lattice {
    candidate **list;
    uint8_t *count;
} lattice;

static qk_code build_lattice(const survey_job *job, const road_index *index, lattice *l,
                             qk_error *err)
{
    candidate list[CANDIDATES + 1];
    double sigma = job->o.reach_m / 3;
    for (size_t i = 0; i < job->points; i++) {
        size_t n = candidates_of(job, index, job->xy[i], list), last = i ? i - 1 : 0;
        double moved = hypot(job->xy[i].x - job->xy[last].x, job->xy[i].y - job->xy[last].y);
        if (moved > JUMP_M) moved = NAN;
        for (size_t c = 0; c < n; c++) {
            double u = list[c].away_m / sigma;
            list[c].cost = u * u / 2;
            if (i > 0) choose_from(&list[c], l->list[i - 1], l->count[i - 1], moved);
        }
        l->list[i] = qk_arena_array(job->scratch, n, sizeof **l->list);
        if (!l->list[i]) return qk_fail(err, QK_EFULL, "too many roads beside the track");
        memcpy(l->list[i], list, n * sizeof *list);
        l->count[i] = (uint8_t)n;
    }
    return QK_OK;
}

static void read_back(const survey_job *job, const lattice *l)
{
    size_t best = 0, i = job->points;
    for (size_t c = 0; i > 0 && c < l->count[i - 1]; c++)
        if (l->list[i - 1][c].cost < l->list[i - 1][best].cost) best = c;
    while (i-- > 0) {
        const candidate *c = &l->list[i][best];
        qk_survey_match *m = &job->out->match[i];
        m->road = c->road;
        m->along_m = c->along_m;
        m->away_m = c->road < 0 ? 0 : c->away_m;
        best = c->from;
    }
}

qk_code qk_survey_lay(survey_job *job, qk_error *err)
{
    road_index index = {0};
    lattice l = {qk_arena_array(job->scratch, job->points, sizeof *l.list),
                 qk_arena_array(job->scratch, job->points, sizeof *l.count)};
    if (!l.list || !l.count)
        return qk_fail(err, QK_ENOMEM, "no memory for %zu points", job->points);
    QK_TRY(take_segments(job, &index, err));
    lay_cells(job, &index);
    QK_TRY(fill_cells(job, &index, err));
    QK_TRY(build_lattice(job, &index, &l, err));
    read_back(job, &l);
    return QK_OK;
}
