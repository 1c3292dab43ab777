package dev.varve.rigs;
public class TryD { public static void main(String[] a) throws Exception {
 long t=System.nanoTime(); Findings all=new Findings();
 int stride=Integer.parseInt(a[0]); long seed=Long.parseLong(a[1]); int steps=Integer.parseInt(a[2]);
 for (RigCase c : RigCase.all(seed, steps)) { if(c.level()!=dev.varve.kv.Durability.SYNC) continue; if(a.length>3 && !c.toString().contains(a[3])) continue; Findings f=new Findings(); try (DamageRig r = new DamageRig(c, DamageRig.PLAIN, new DamageRig.Sample(stride,-1), 20000, f)) { r.sweep(); } System.out.println(c+" "+f); if(all.violationCount()<8) f.violations().forEach(System.out::println); all.add(f);} 
 System.out.println(all+" "+(System.nanoTime()-t)/1000000+" ms"); } }
