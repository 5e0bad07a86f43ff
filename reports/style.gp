# How the plots of lockstep look: terminals, fonts, lines and fills. What follows it in a run's
# plots.gp is data and figures; `gnuplot plots.gp` in the run's folder draws them all again.
#
# Readable in grey: implementations differ in point shape and lightness, thread counts in dashes and
# in open or filled points, the parts of a step in lightness.

set encoding utf8
set datafile missing 'NaN'

# --- files -------------------------------------------------------------------------------------
kinds = 'svg' . (strstrt(GPVAL_TERMINALS, 'pngcairo') ? ' png' : '')
svg_terminal(w, h) = sprintf("set terminal svg size %d,%d dynamic noenhanced font 'sans-serif,12' background '#ffffff'", w, h)
png_terminal(w, h) = sprintf("set terminal pngcairo size %d,%d noenhanced dashlength 1.8 pointscale 1.3 font 'sans-serif,9' background '#ffffff'", w, h)
terminal(kind, w, h) = kind eq 'svg' ? svg_terminal(w, h) : png_terminal(w, h)
title_font(kind) = kind eq 'svg' ? 'sans-serif,15' : 'sans-serif,11.5'

# --- panels: what each starts from ---------------------------------------------------------------
panel_common = "unset label; unset arrow; unset logscale; unset mxtics; unset mytics; unset key; " . \
    "set border 3 linecolor rgb '#444444'; " . \
    "set grid xtics ytics linetype 1 linewidth 0.5 linecolor rgb '#dddddd'; " . \
    "set xtics nomirror out autofreq norotate; set ytics nomirror out autofreq; " . \
    "set format x '%g'; set format y '%g'; " . \
    "set xrange [*:*]; set yrange [*:*]; " . \
    "set title offset 0,-0.4; set ylabel offset 0.6,0; "
# The two terminals think differently of the height of a line.
svg_offsets = "set xtics offset 0,0.45; set xlabel offset 0,0.95"
png_offsets = "set xtics offset 0,0.1; set xlabel offset 0,0.2"
panel_defaults(kind) = panel_common . (kind eq 'svg' ? svg_offsets : png_offsets)
set errorbars small
set clip one
set clip two
set samples 200

# --- implementations: styles 2k+1 (all threads: solid, filled) and 2k+2 (one: dashed, open) --------
series_colours = '#1b2a49 #c2410c #0e8a8a #8e44ad #e0a100 #4f9be0 #6b8e23 #d6336c #7a5c3e #2f9e44 #868e96 #000000'
series_points = '5 7 9 11 13 15 5 7 9 11 13 15'
do for [k = 1:words(series_colours)] {
    set style line 2*k-1 linecolor rgb word(series_colours, k) linewidth 1.8 dashtype 1 \
        pointtype int(word(series_points, k)) pointsize 0.75
    set style line 2*k linecolor rgb word(series_colours, k) linewidth 1.5 dashtype (7, 4) \
        pointtype int(word(series_points, k)) - 1 pointsize 0.9
}

# --- measured ceilings, those of most threads first -------------------------------------------------
set style line 101 linecolor rgb '#000000' linewidth 1.2 dashtype (12, 4)
set style line 102 linecolor rgb '#555555' linewidth 1.2 dashtype (3, 4)
set style line 103 linecolor rgb '#aaaaaa' linewidth 1.2 dashtype (12, 4, 2, 4)


# --- roofs of the roofline, L1 first -----------------------------------------------------------------
set style line 111 linecolor rgb '#000000' linewidth 1.4 dashtype 1
set style line 112 linecolor rgb '#333333' linewidth 1.2 dashtype (12, 4)
set style line 113 linecolor rgb '#555555' linewidth 1.2 dashtype (4, 5)
set style line 114 linecolor rgb '#777777' linewidth 1.4 dashtype (16, 4, 2, 4)

# --- rungs of a ladder, and the best of them ---------------------------------------------------------
ladder_rung = "fillcolor rgb '#8fb4d9' fillstyle solid 1.0 border linecolor rgb '#1b2a49'"
ladder_best = "fillcolor rgb '#1b2a49' fillstyle solid 1.0 border linecolor rgb '#1b2a49'"

# --- kinds of part: neighbours in a bar are far apart in lightness, and none is hatched, because printers and
# PDF make a picture of every hatched area
part_forward_gemm  = "fillcolor rgb '#14213d' fillstyle solid 1.0 border linecolor rgb '#000000'"
part_backward_gemm = "fillcolor rgb '#8fb8e6' fillstyle solid 1.0 border linecolor rgb '#000000'"
part_elementwise   = "fillcolor rgb '#b23a0a' fillstyle solid 1.0 border linecolor rgb '#000000'"
part_loss          = "fillcolor rgb '#f6dfa8' fillstyle solid 1.0 border linecolor rgb '#000000'"
part_communication = "fillcolor rgb '#b07aa1' fillstyle solid 1.0 border linecolor rgb '#000000'"
part_update        = "fillcolor rgb '#2f8f8a' fillstyle solid 1.0 border linecolor rgb '#000000'"
part_rounding      = "fillcolor rgb '#d9d9d9' fillstyle solid 1.0 border linecolor rgb '#000000'"
part_other         = "fillcolor rgb '#ffffff' fillstyle solid 1.0 border linecolor rgb '#000000'"
