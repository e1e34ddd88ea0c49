/* SPDX-License-Identifier: Apache-2.0 */
/* A library of known sources beside the factors found. */
#include "base/csv.h"
#include "domain/apportion_private.h"
#include "models/cmb.h"
#include <math.h>
#include <stdlib.h>

enum { TOLD = 3 };
static const double pearson_like = 0.4, identity_like = 1.0;

static qk_code read_share(double *out, const qk_csv_reader *r, qk_str cell, size_t column,
                          qk_error *err)
{
    *out = NAN;
    if (qk_csv_missing(cell)) return QK_OK;
    if (qk_parse_f64(out, cell) == QK_OK && *out >= 0 && *out < 1e9) return QK_OK;
    qk_code code = qk_fail(err, QK_EFORMAT, "line %u, column %zu: '%.40s' is no share",
                           qk_csv_line(r), column + 1, cell.ptr ? cell.ptr : "");
    qk_error_at(err, "csv", qk_csv_line(r), (uint32_t)column + 1);
    return code;
}

/* record NULL: only looked at. */
static qk_code take_rows(qk_apportion_record *record, qk_csv_reader *r, size_t *sources,
                         qk_error *err)
{
    const qk_str *cells = NULL;
    qk_code code;
    size_t columns = qk_csv_columns(r), column[QK_PMF_SPECIES_MAX];
    for (size_t j = 0; record && j < record->species; j++)
        column[j] = qk_csv_column(r, record->name[j]);
    *sources = 0;
    while ((code = qk_csv_next(r, &cells, err)) == QK_OK) {
        if (*sources == QK_APPORTION_SOURCES)
            return qk_fail(err, QK_EFULL, "more than %d sources", QK_APPORTION_SOURCES);
        for (size_t c = 1; c < columns; c++) {
            double share = NAN;
            QK_TRY(read_share(&share, r, cells[c], c, err));
            for (size_t j = 0; record && j < record->species; j++)
                if (column[j] == c) record->library[*sources * record->species + j] = share;
        }
        if (record) qk_str_copy(record->source[*sources], QK_APPORTION_NAME, cells[0]);
        ++*sources;
    }
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code qk_apportion_library_check(size_t *sources, size_t *species, qk_str csv, qk_error *err)
{
    qk_csv_reader *r = NULL;
    QK_TRY(qk_csv_open_text(&r, csv, "profiles", 0, err));
    *species = qk_csv_columns(r) - 1;
    qk_code code = *species >= 4 && *species <= QK_PMF_SPECIES_MAX
                       ? take_rows(NULL, r, sources, err)
                       : qk_fail(err, QK_EFORMAT, "%zu species; 4 to %d are taken", *species,
                                 QK_PMF_SPECIES_MAX);
    if (code == QK_OK && *sources == 0) code = qk_fail(err, QK_EFORMAT, "no source");
    qk_csv_close(r);
    return code;
}

qk_code qk_apportion_library_lay(qk_apportion_record *record, qk_str csv, qk_error *err)
{
    qk_csv_reader *r = NULL;
    size_t cells = (size_t)QK_APPORTION_SOURCES * record->species;
    free(record->source);
    free(record->library);
    record->source = calloc(QK_APPORTION_SOURCES, sizeof *record->source);
    record->library = calloc(cells + 1, sizeof *record->library);
    if (!record->source || !record->library)
        return qk_fail(err, QK_ENOMEM, "no memory for the library");
    for (size_t c = 0; c < cells; c++) record->library[c] = NAN;
    QK_TRY(qk_csv_open_text(&r, csv, "profiles", 0, err));
    qk_code code = take_rows(record, r, &record->sources, err);
    qk_csv_close(r);
    return code;
}

/* The species of the mass says nothing about which source it is. */
static qk_code lay_factor(double **out, const apportion_report *p, size_t k, qk_error *err)
{
    *out = malloc((p->fit.species + 1) * sizeof **out);
    if (!*out) return qk_fail(err, QK_ENOMEM, "no memory for a profile");
    for (size_t j = 0; j < p->fit.species; j++)
        (*out)[j] = j == p->r->total ? NAN : p->fit.f[k * p->fit.species + j];
    return QK_OK;
}

qk_code apportion_put_matches(const apportion_report *p, size_t k, qk_error *err)
{
    double *factor = NULL;
    size_t sources = p->r->sources;
    qk_profile_match *m = NULL;
    qk_json_key(p->w, "matches");
    qk_json_array(p->w);
    if (sources) {
        m = calloc(sources, sizeof *m);
        qk_code code = m ? lay_factor(&factor, p, k, err)
                         : qk_fail(err, QK_ENOMEM, "no memory for %zu sources", sources);
        if (code != QK_OK) {
            free(m);
            return code;
        }
        qk_profile_matches(m, factor, p->r->library, sources, p->fit.species);
    }
    for (size_t s = 0; m && s < sources && s < TOLD && !isnan(m[s].pearson); s++) {
        qk_json_object(p->w);
        qk_json_kcstr(p->w, "name", p->r->source[m[s].source]);
        qk_analysis_kput(p->w, "pearson", m[s].pearson);
        qk_analysis_kput(p->w, "identity", m[s].identity);
        qk_json_ki64(p->w, "common", (int64_t)m[s].common);
        qk_json_kbool(p->w, "like", m[s].pearson < pearson_like && m[s].identity < identity_like);
        qk_json_end(p->w);
    }
    qk_json_end(p->w);
    free(factor);
    free(m);
    return QK_OK;
}
