/* SPDX-License-Identifier: Apache-2.0 */
#include "models/least_cost.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#ifdef QK_HAVE_CLP
#include <coin/Clp_C_Interface.h>
#endif

enum { ROUNDS_MAX = 40, ROWS_A_ROUND = 12, ROWS_MAX = ROUNDS_MAX * ROWS_A_ROUND };

#define CLOSE 1e-6 /* of the target, by which it may be missed */

typedef struct search {
    const qk_least_cost_task *t;
    double *rate, *air;  /* a source, a receptor each */
    double *gain;        /* [row][measure]: reduction at full application */
    double *need;        /* a row: reduction asked for */
    uint32_t *row_of;    /* a row: its receptor */
    uint32_t *share_row; /* a cut: its source's place among the rows that keep shares below 1 */
    int rows;
} search;

bool qk_least_cost_offered(void)
{
#ifdef QK_HAVE_CLP
    return true;
#else
    return false;
#endif
}

static void evaluate(search *w, const double *applied)
{
    const qk_least_cost_task *t = w->t;
    double keep = 1 - t->margin;
    qk_response_rates(w->rate, t->base, t->m->sources, t->cut, t->cuts, applied);
    for (uint32_t s = 0; s < t->m->sources; s++)
        w->rate[s] = t->base[s] - keep * (t->base[s] - w->rate[s]);
    for (uint32_t r = 0; r < t->m->receptors; r++) w->air[r] = 0;
    qk_matrix_product(w->air, t->m, t->plane, w->rate);
    for (uint32_t r = 0; r < t->m->receptors; r++)
        w->air[r] = t->factor * w->air[r] + t->background;
}

static void find_worst(const search *w, qk_least_cost *out)
{
    out->highest = -INFINITY;
    for (uint32_t r = 0; r < w->t->m->receptors; r++) {
        if (w->air[r] <= out->highest) continue;
        out->highest = w->air[r];
        out->worst = r;
    }
}

static int row_at(const search *w, uint32_t receptor)
{
    for (int i = 0; i < w->rows; i++)
        if (w->row_of[i] == receptor) return i;
    return -1;
}

static void add_row(search *w, uint32_t receptor, double need)
{
    const qk_least_cost_task *t = w->t;
    double *gain = w->gain + (size_t)w->rows * t->measures;
    for (uint32_t k = 0; k < t->measures; k++) gain[k] = 0;
    for (size_t i = 0; i < t->cuts; i++) {
        double unit = (double)qk_matrix_row(t->m, t->plane, t->cut[i].source)[receptor];
        gain[t->cut[i].measure] +=
            t->factor * (1 - t->margin) * unit * t->cut[i].share * t->base[t->cut[i].source];
    }
    w->row_of[w->rows] = receptor;
    w->need[w->rows++] = need;
}

/* The receptors furthest above the target: new ones become rows, old ones ask for what they still
 * miss. `before` is the air with nothing applied. */
static int ask_for(search *w, const double *before)
{
    const qk_least_cost_task *t = w->t;
    int asked = 0;
    for (int i = 0; i < w->rows; i++) {
        double over = w->air[w->row_of[i]] - t->target;
        if (over <= CLOSE * t->target) continue;
        w->need[i] += over + CLOSE * t->target;
        asked++;
    }
    for (int n = 0; n < ROWS_A_ROUND && w->rows < ROWS_MAX; n++) {
        uint32_t worst = UINT32_MAX;
        for (uint32_t r = 0; r < t->m->receptors; r++)
            if (w->air[r] > t->target * (1 + CLOSE) &&
                (worst == UINT32_MAX || w->air[r] > w->air[worst]) && row_at(w, r) < 0)
                worst = r;
        if (worst == UINT32_MAX) break;
        add_row(w, worst, before[worst] - t->target);
        asked++;
    }
    return asked;
}

#ifdef QK_HAVE_CLP
/* The programme by columns: receptors' rows first, then one for each source that is cut, whose cuts
 * may sum to its whole emission. */
typedef struct programme {
    CoinBigIndex *start;
    int *index;
    double *value, *low, *high, *ones, *none;
    int rows;
} programme;

static void free_programme(programme *p)
{
    free(p->start);
    free(p->index);
    free(p->value);
    free(p->low);
    free(p->high);
    free(p->ones);
    free(p->none);
}

static bool make_programme(programme *p, const search *w)
{
    const qk_least_cost_task *t = w->t;
    size_t entries = (size_t)w->rows * t->measures + t->cuts + 1, rows;
    p->rows = w->rows + (int)t->m->sources;
    rows = (size_t)p->rows;
    p->start = calloc(t->measures + 1, sizeof *p->start);
    p->index = calloc(entries, sizeof *p->index);
    p->value = calloc(entries, sizeof *p->value);
    p->low = calloc(rows, sizeof *p->low);
    p->high = calloc(rows, sizeof *p->high);
    p->ones = calloc(t->measures + 1, sizeof *p->ones);
    p->none = calloc(t->measures + 1, sizeof *p->none);
    if (!p->start || !p->index || !p->value || !p->low || !p->high || !p->ones || !p->none)
        return false;
    int at = 0;
    for (uint32_t k = 0; k < t->measures; k++) {
        p->start[k] = at;
        for (int i = 0; i < w->rows; i++) {
            double v = w->gain[(size_t)i * t->measures + k];
            if (v == 0) continue;
            p->index[at] = i;
            p->value[at++] = v;
        }
        for (uint32_t c = w->share_row[k]; c < w->share_row[k + 1]; c++) {
            p->index[at] = w->rows + (int)t->cut[c].source;
            p->value[at++] = t->cut[c].share;
        }
        p->ones[k] = 1;
    }
    p->start[t->measures] = at;
    for (int i = 0; i < p->rows; i++) {
        p->low[i] = i < w->rows ? w->need[i] : -DBL_MAX;
        p->high[i] = i < w->rows ? DBL_MAX : 1;
    }
    return true;
}

static qk_code solve(search *w, qk_least_cost *out, qk_error *err)
{
    const qk_least_cost_task *t = w->t;
    programme p = {0};
    Clp_Simplex *model = make_programme(&p, w) ? Clp_newModel() : NULL;
    qk_code code = model ? QK_OK : qk_fail(err, QK_ENOMEM, "no memory for %d rows", w->rows);
    if (code == QK_OK) {
        Clp_setLogLevel(model, 0);
        Clp_loadProblem(model, (int)t->measures, p.rows, p.start, p.index, p.value, p.none, p.ones,
                        t->cost, p.low, p.high);
        Clp_initialSolve(model);
        if (Clp_status(model) != 0)
            code = qk_fail(err, QK_ENOTFOUND, "no set of measures is enough");
    }
    if (code == QK_OK) {
        const double *x = Clp_primalColumnSolution(model), *dual = Clp_dualRowSolution(model);
        out->cost = Clp_objectiveValue(model);
        for (uint32_t k = 0; k < t->measures; k++) out->applied[k] = fmin(fmax(x[k], 0), 1);
        for (uint32_t r = 0; r < t->m->receptors; r++) out->price[r] = 0;
        for (int i = 0; i < w->rows; i++) out->price[w->row_of[i]] = dual[i];
    }
    if (model) Clp_deleteModel(model);
    free_programme(&p);
    return code;
}
#else
static qk_code solve(search *w, qk_least_cost *out, qk_error *err)
{
    (void)w;
    (void)out;
    return qk_fail(err, QK_EUNSUPPORTED, "built without the solver of linear programmes (Clp)");
}
#endif

static bool give_memory(search *w, double **before)
{
    const qk_least_cost_task *t = w->t;
    w->rate = calloc(t->m->sources + 1, sizeof *w->rate);
    w->air = calloc(t->m->receptors + 1, sizeof *w->air);
    w->gain = calloc((size_t)ROWS_MAX * (t->measures + 1), sizeof *w->gain);
    w->need = calloc(ROWS_MAX, sizeof *w->need);
    w->row_of = calloc(ROWS_MAX, sizeof *w->row_of);
    w->share_row = calloc((size_t)t->measures + 2, sizeof *w->share_row);
    *before = calloc(t->m->receptors + 1, sizeof **before);
    return w->rate && w->air && w->gain && w->need && w->row_of && w->share_row && *before;
}

/* Cuts stand measure by measure. */
static qk_code index_cuts(search *w, qk_error *err)
{
    const qk_least_cost_task *t = w->t;
    for (size_t i = 0; i < t->cuts; i++) {
        if (t->cut[i].measure >= t->measures || t->cut[i].source >= t->m->sources ||
            (i && t->cut[i].measure < t->cut[i - 1].measure))
            return qk_fail(err, QK_EINVAL, "cuts must stand in the order of their measures");
        w->share_row[t->cut[i].measure + 1] = (uint32_t)i + 1;
    }
    for (uint32_t k = 1; k <= t->measures; k++)
        if (w->share_row[k] < w->share_row[k - 1]) w->share_row[k] = w->share_row[k - 1];
    return QK_OK;
}

static qk_code give_up(search *w, qk_least_cost *out, qk_error *err)
{
    out->cost = 0;
    for (uint32_t k = 0; k < w->t->measures; k++) {
        out->applied[k] = 1;
        out->cost += w->t->cost[k];
    }
    evaluate(w, out->applied);
    find_worst(w, out);
    if (out->highest <= w->t->target * (1 + CLOSE)) return QK_OK;
    return qk_fail(err, QK_ENOTFOUND, "with all measures %.4g is left where %.4g is asked",
                   out->highest, w->t->target);
}

static qk_code search_set(search *w, double *before, qk_least_cost *out, qk_error *err)
{
    const qk_least_cost_task *t = w->t;
    QK_TRY(index_cuts(w, err));
    for (uint32_t k = 0; k < t->measures; k++) out->applied[k] = 0;
    for (uint32_t r = 0; r < t->m->receptors; r++) out->price[r] = 0;
    evaluate(w, out->applied);
    for (uint32_t r = 0; r < t->m->receptors; r++) before[r] = w->air[r];
    for (out->rounds = 0; out->rounds < ROUNDS_MAX; out->rounds++) {
        find_worst(w, out);
        if (out->highest <= t->target * (1 + CLOSE) || ask_for(w, before) == 0) break;
        qk_code code = solve(w, out, err);
        if (code == QK_ENOTFOUND) return give_up(w, out, err);
        QK_TRY(code);
        evaluate(w, out->applied);
    }
    out->rows = w->rows;
    find_worst(w, out);
    return out->highest <= t->target * (1 + CLOSE) ? QK_OK : give_up(w, out, err);
}

qk_code qk_least_cost_solve(qk_least_cost *out, const qk_least_cost_task *t, qk_error *err)
{
    search w = {.t = t};
    double *before = NULL;
    out->cost = out->highest = 0;
    out->rows = out->rounds = 0;
    out->worst = 0;
    if (t->measures > QK_LEAST_COST_MEASURES_MAX || !(t->margin >= 0 && t->margin < 1))
        return qk_fail(err, QK_EINVAL, "%u measures, margin %g", t->measures, t->margin);
    qk_code code = give_memory(&w, &before)
                       ? search_set(&w, before, out, err)
                       : qk_fail(err, QK_ENOMEM, "no memory for %u measures", t->measures);
    free(w.rate);
    free(w.air);
    free(w.gain);
    free(w.need);
    free(w.row_of);
    free(w.share_row);
    free(before);
    return code;
}
